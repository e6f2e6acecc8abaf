"""Writes what is generated from the code: docs/reference.md in both languages, and .env.example.

The code says what there is; `page.en.md` and `page.zh-CN.md` say what stands around the tables,
and `zh-CN.toml` translates. `python -m docs.reference` writes the files, a test compares them.
"""
