"""What the console shows of an artifact beside its page: descriptions are Markdown to it, and HTML in them lives (R9.2)."""

from uuid import uuid4

import pytest
from prefect.client.schemas.filters import ArtifactFilter, ArtifactFilterKey

from flows.artifacts import described, find_pages, keep_page
from flows.records.pages import keep_current
from reports.text import inline, plain
from tests.fakes.installation import Installation
from tests.reports.hostile import VALID, kinds

PICTURE = 'asked: <img src="https://evil.example/x.png"> ![x](https://evil.example/y.png) a_b | c'
READS = ["asked: host.clean_scratch?", "a_b *c* [d] <e> & #1 f|g", "Step 3: host.load", "1. first", "- x"]


@pytest.mark.parametrize("words", READS)
def test_a_description_reads_as_it_was_given(words: str) -> None:
    assert described(words) == words


@pytest.mark.parametrize("text", VALID.values(), ids=VALID.keys())
def test_a_description_brings_no_markup_and_what_is_read_again_is_what_was_kept(text: str) -> None:
    kept = inline(f"asked: {text}", 300)
    assert plain(kept) == described(f"asked: {text}")
    assert not kinds(kept) & {"html_inline", "html_block", "image", "link_open"}


async def test_a_description_is_kept_escaped_and_found_again(installation: Installation) -> None:
    run_id, key = str(uuid4()), f"t-{uuid4().hex}"
    with installation.chosen():
        await keep_page(key=key, description=PICTURE, page="Page.", flow_run_id=run_id)
        [(found, artifact_id)] = await find_pages(key=key, flow_run_id=run_id)
        async with installation.client() as client:
            await keep_current(client, key=key, description=PICTURE, page="Page.")
            keyed = ArtifactFilter(key=ArtifactFilterKey(any_=[key]))
            stored = {str(one.id): one.description or "" for one in await client.read_artifacts(artifact_filter=keyed)}
    assert artifact_id in stored
    assert found == described(PICTURE)
    assert not {kind for text in stored.values() for kind in kinds(text)} & {"html_inline", "html_block", "image", "link_open"}
