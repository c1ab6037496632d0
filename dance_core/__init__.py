"""The model mathematics and file formats of DANCE; knows arrays and files, never Snakemake."""
