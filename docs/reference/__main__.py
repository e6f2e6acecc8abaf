"""`python -m docs.reference`, or `make docs`: write the files that are generated from the code."""

from docs.reference.files import generated


def main() -> None:
    for path, text in generated().items():
        if not path.exists() or path.read_text("utf-8") != text:
            path.write_text(text, "utf-8")
            print(f"{path} is written")  # noqa: T201


if __name__ == "__main__":
    main()
