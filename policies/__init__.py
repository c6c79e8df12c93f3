"""Here so that checkov looks into this folder: it reads no folder without such a file."""
