"""The commands of `ppmobile` and tools/: each parses arguments and calls the library; no heavy import on top."""
