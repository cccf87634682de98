"""Puts figures into words: sizes, counts, and the names that programs give to numbers."""

from agent.builtin.rehearsal.words import words_of


def size(number: float) -> str:
    """Bytes for people: 12.3 GB."""
    for unit in ("bytes", "kB", "MB", "GB"):
        if abs(number) < 1000:
            return f"{number:.0f} {unit}" if unit == "bytes" else f"{number:.1f} {unit}"
        number /= 1000
    return f"{number:.1f} TB"


def counted(number: float, noun: str) -> str:
    """ "1 file", "2 files", "no files"."""
    return f"{f'{number:,g}' if number else 'no'} {noun}{'' if number == 1 else 's'}"


def amount(name: str, value: float) -> str:
    """A figure by its name: `total_bytes` 2000000 gives "total bytes: 2.0 MB", `age_days` 30 gives "age days: 30"."""
    words = words_of(name)
    return f"{' '.join(words)}: {size(value) if 'bytes' in words else f'{value:,.10g}'}"
