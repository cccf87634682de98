"""Tables for people: plain when piped, blocks of lines where a terminal is too narrow."""

from flows.command.output import table_text

COLUMNS = ["RUN", "TASK", "REASON"]
ROWS = [["4fb79a98", "inspect-the-host", ""], ["48c32a87", "clean", "the Task is busy"]]


def test_columns_stand_under_their_names_and_no_line_ends_in_blanks():
    assert table_text(COLUMNS, ROWS, None) == (
        "RUN       TASK              REASON\n4fb79a98  inspect-the-host\n48c32a87  clean             the Task is busy"
    )


def test_a_table_that_is_too_wide_becomes_a_block_for_each_row_with_nothing_cut_off():
    assert table_text(COLUMNS, ROWS, 30) == (
        "4fb79a98\n  TASK  inspect-the-host\n48c32a87\n  TASK    clean\n  REASON  the Task is busy"
    )


def test_wide_characters_count_twice():
    assert table_text(["NAME", "STATE"], [["磁盘", "Active"]], None) == "NAME  STATE\n磁盘  Active"


def test_text_of_others_can_not_steer_the_terminal():
    assert table_text(["NAME"], [["\x1b[31mred\x07\nnext"]], None) == "NAME\nred⟨U+0007⟩ next"
