from tests.support.spread import CROWDS, FIRST, ordered, together

FOUND = [
    ("common", "test_message"),
    ("integration", "test_other"),
    ("properties", "test_hub"),
    *(("integration", name) for name in reversed(FIRST)),
    ("common", "test_serve"),
]


def test_what_takes_long_comes_first() -> None:
    assert ordered(FOUND, lambda place: place) == [
        *(("integration", name) for name in FIRST),
        ("integration", "test_other"),
        ("properties", "test_hub"),
        ("common", "test_message"),
        ("common", "test_serve"),
    ]


def test_a_file_goes_to_one_process() -> None:
    one = together("tests/test_a.py::test_x")

    assert together("tests/test_a.py::test_y[a::b]") == one
    assert together("tests/test_b.py::test_x") != one


def test_crowds_go_to_one_process() -> None:
    assert len({together(f"tests/integration/{name}.py::test_x") for name in CROWDS}) == 1
