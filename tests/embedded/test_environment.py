import pytest

from agency import environment


def test_a_value_may_stand_in_a_file(monkeypatch, tmp_path):
    (tmp_path / "key").write_text("from the file\n")
    monkeypatch.delenv("SOME_KEY", raising=False)
    monkeypatch.setenv("SOME_KEY_FILE", str(tmp_path / "key"))
    assert environment.secret("SOME_KEY") == "from the file"


def test_a_variable_wins_over_its_file(monkeypatch, tmp_path):
    monkeypatch.setenv("SOME_KEY", "from the variable")
    monkeypatch.setenv("SOME_KEY_FILE", str(tmp_path / "not there"))
    assert environment.secret("SOME_KEY") == "from the variable"


def test_a_missing_value_stops_the_process_and_says_what_to_do(monkeypatch):
    monkeypatch.delenv("SOME_KEY", raising=False)
    with pytest.raises(SystemExit, match=r"SOME_KEY is not set.*make demo.*\.env\.example"):
        environment.required("SOME_KEY")


def test_a_flag_that_is_neither_true_nor_false_stops_the_process(monkeypatch):
    monkeypatch.setenv("PRODUCTION", "yes")
    with pytest.raises(SystemExit, match="must be true or false, not 'yes'"):
        environment.flag("PRODUCTION")


@pytest.mark.parametrize("text", ["0", "26", "2.5", "soon"])
def test_a_number_out_of_its_bounds_stops_the_process(monkeypatch, text):
    monkeypatch.setenv("SOME_SECONDS", text)
    with pytest.raises(SystemExit, match="SOME_SECONDS must be a whole number from 1 to 25"):
        environment.whole("SOME_SECONDS", default=20, least=1, most=25)
    monkeypatch.delenv("SOME_SECONDS")
    assert environment.whole("SOME_SECONDS", default=20, least=1, most=25) == 20


def test_local_settings_fill_only_what_is_unset(monkeypatch, tmp_path):
    (tmp_path / "env").write_text("# a comment\nREDIS_URL=unix:///x?db=0\nOTHER_KEY=a=b\n")
    monkeypatch.setenv("LOCAL_DIR", str(tmp_path))
    monkeypatch.setenv("REDIS_URL", "redis://already/0")
    monkeypatch.delenv("OTHER_KEY", raising=False)
    environment.load_local()
    assert environment.secret("REDIS_URL") == "redis://already/0"
    assert environment.secret("OTHER_KEY") == "a=b"


@pytest.mark.parametrize(
    ("address", "number", "other"),
    [
        ("redis://host:6379/3", 3, "redis://host:6379/7"),
        ("redis://user:secret@host:6379", 0, "redis://user:secret@host:6379/7"),
        ("unix:///tmp/folder/redis?db=2", 2, "unix:///tmp/folder/redis?db=7"),
        ("unix:///tmp/folder/redis", 0, "unix:///tmp/folder/redis?db=7"),
    ],
)
def test_redis_databases_are_found_and_replaced_in_both_spellings(address, number, other):
    assert environment.redis_database(address) == number
    assert environment.with_redis_database(address, 7) == other
