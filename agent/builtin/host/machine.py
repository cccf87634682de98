"""Reads disks, memory, load and processes; the same figures as `df`, `free` and `uptime`."""

import math
import os
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import Literal

import psutil
from pydantic import Field

from blueprint.values import Value

_SAMPLE_SECONDS = 0.5
_NO_STORAGE = frozenset(
    "autofs binfmt_misc bpf cgroup cgroup2 configfs debugfs devpts devtmpfs fuse.gvfsd-fuse fusectl hugetlbfs iso9660 mqueue "
    "nsfs proc pstore ramfs rpc_pipefs securityfs squashfs sysfs tmpfs tracefs".split()
)
"""Filesystem types that hold no data of the host's own: kernel views, memory, read-only images."""


class Filesystem(Value):
    """One mounted filesystem, as `df -B1` counts it."""

    mount: str
    device: str
    type: str
    total_bytes: int
    used_bytes: int
    available_bytes: int = Field(description="What an ordinary user can still write.")
    used_percent: int = Field(description="Used of used + available, rounded up, as in df.")
    inodes_used_percent: int | None = Field(description="None where the filesystem has no fixed number of inodes.")


class DiskUsage(Value):
    """All filesystems with storage, fullest first."""

    filesystems: tuple[Filesystem, ...]
    note: str = ""


class Memory(Value):
    """Memory and swap in bytes, as `free -b` (procps 4) counts them."""

    total_bytes: int
    used_bytes: int = Field(description="Total minus available.")
    available_bytes: int = Field(description="What programs can get without swapping.")
    used_percent: float
    swap_total_bytes: int
    swap_used_bytes: int
    swap_used_percent: float


class Load(Value):
    """Load averages against the number of processors."""

    load_1_minute: float
    load_5_minutes: float
    load_15_minutes: float
    processors: int
    load_per_processor: float = Field(description="5-minute load by processors; lasting values over 1 mean waiting work.")
    cpu_busy_percent: float = Field(description="Over the half second of this measurement.")
    uptime_seconds: int


class Process(Value):
    """One process; its arguments are left out, they may hold secrets."""

    pid: int
    name: str
    user: str
    status: str
    memory_bytes: int = Field(description="Resident memory.")
    memory_percent: float
    cpu_percent: float = Field(description="Of one processor, over the half second of this measurement.")


class Processes(Value):
    """The biggest processes and how many there are in each state."""

    total: int
    by_status: dict[str, int]
    top: tuple[Process, ...]


def read_disk_usage(path: str = "") -> DiskUsage:
    """All filesystems with storage, or just the one that holds `path`."""
    if path:
        if not os.path.exists(path):
            return DiskUsage(filesystems=(), note=f"{path!r} does not exist.")
        mounts = {part.mountpoint: part for part in psutil.disk_partitions(all=True)}
        mount = next(str(folder) for folder in _upwards(path) if str(folder) in mounts or folder == folder.parent)
        part = mounts.get(mount)
        return DiskUsage(filesystems=(_filesystem(mount, part.device if part else "", part.fstype if part else ""),))
    found = sorted(_storage(), key=lambda filesystem: -filesystem.used_percent)
    return DiskUsage(filesystems=tuple(found), note="" if found else "No filesystem with storage is mounted here.")


def read_memory() -> Memory:
    """Memory and swap now."""
    memory, swap = psutil.virtual_memory(), psutil.swap_memory()
    used = memory.total - memory.available
    return Memory(
        total_bytes=memory.total,
        used_bytes=used,
        available_bytes=memory.available,
        used_percent=round(100 * used / memory.total, 1),
        swap_total_bytes=swap.total,
        swap_used_bytes=swap.used,
        swap_used_percent=swap.percent,
    )


def read_load() -> Load:
    """Load averages, processors, how busy they are, and uptime."""
    one, five, fifteen = os.getloadavg()
    processors = psutil.cpu_count() or 1
    return Load(
        load_1_minute=round(one, 2),
        load_5_minutes=round(five, 2),
        load_15_minutes=round(fifteen, 2),
        processors=processors,
        load_per_processor=round(five / processors, 2),
        cpu_busy_percent=psutil.cpu_percent(interval=_SAMPLE_SECONDS),
        uptime_seconds=int(time.time() - psutil.boot_time()),
    )


def read_processes(sort_by: Literal["memory", "cpu"], count: int) -> Processes:
    """The `count` biggest processes by memory or by processor time."""
    alive = list(psutil.process_iter())
    for process in alive:
        with suppress(psutil.Error):
            process.cpu_percent()  # the first reading only starts the measurement
    time.sleep(_SAMPLE_SECONDS)
    found = [described for process in alive if (described := _process(process))]
    found.sort(key=lambda process: process.memory_bytes if sort_by == "memory" else process.cpu_percent, reverse=True)
    by_status = Counter(process.status for process in found)
    return Processes(total=len(found), by_status=dict(by_status.most_common()), top=tuple(found[:count]))


def _upwards(path: str) -> Iterator[Path]:
    real = Path(path).resolve()
    yield real
    yield from real.parents


def _storage() -> Iterator[Filesystem]:
    """Each device once, by its shortest mount, as df shows it; the root always, whatever its type (overlay in containers)."""
    seen: set[int] = set()
    for part in sorted(psutil.disk_partitions(all=True), key=lambda part: len(part.mountpoint)):
        if part.mountpoint != "/" and (part.fstype in _NO_STORAGE or part.fstype == "overlay"):
            continue
        with suppress(OSError):  # a mount that we may not look at, or that is gone
            device = os.stat(part.mountpoint).st_dev
            filesystem = _filesystem(part.mountpoint, part.device, part.fstype)
            if device not in seen and filesystem.total_bytes:
                seen.add(device)
                yield filesystem


def _filesystem(mount: str, device: str, kind: str) -> Filesystem:
    stat = os.statvfs(mount)
    used, available = (stat.f_blocks - stat.f_bfree) * stat.f_frsize, stat.f_bavail * stat.f_frsize
    return Filesystem(
        mount=mount,
        device=device,
        type=kind,
        total_bytes=stat.f_blocks * stat.f_frsize,
        used_bytes=used,
        available_bytes=available,
        used_percent=math.ceil(100 * used / (used + available)) if used + available else 0,
        inodes_used_percent=math.ceil(100 * (stat.f_files - stat.f_ffree) / stat.f_files) if stat.f_files else None,
    )


def _process(process: psutil.Process) -> Process | None:
    with suppress(psutil.Error), process.oneshot():
        return Process(
            pid=process.pid,
            name=process.name(),
            user=_user(process),
            status=process.status(),
            memory_bytes=process.memory_info().rss,
            memory_percent=round(process.memory_percent(), 1),
            cpu_percent=process.cpu_percent(),
        )
    return None


def _user(process: psutil.Process) -> str:
    try:
        return process.username()
    except psutil.AccessDenied:
        return "?"
