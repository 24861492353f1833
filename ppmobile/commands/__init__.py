"""The commands of `ppmobile` and tools/: each parses its arguments and calls the library; no heavy import at the top."""
