"""Pictures in pages, where no picture can be shown."""

from reports.chart import without_pictures


def test_a_picture_in_a_page_is_named_at_a_terminal_and_not_spelled_out() -> None:
    page = "# Report\n\n![Runs of each day](data:image/svg+xml;base64,PHN2Zz4=)\n\n[a link](http://here/)"
    assert without_pictures(page) == "# Report\n\n[picture: Runs of each day]\n\n[a link](http://here/)"
