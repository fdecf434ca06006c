"""Writes docs/vendors, a page for each vendor's profile; `make docs` runs it."""

from pathlib import Path

from ptscan.profiles import describe_all, load_profiles

FOLDER = Path(__file__).with_name("vendors")

if __name__ == "__main__":
    pages = describe_all(load_profiles().profiles)
    FOLDER.mkdir(exist_ok=True)
    for path in FOLDER.glob("*.md"):
        if path.name not in pages:
            path.unlink()
    for name, text in pages.items():
        (FOLDER / name).write_text(text, encoding="utf-8")
