"""Traces from and to other formats, one file per format.

A foreign line is read into a `Conversation`, which becomes the records of one trace; what has no
field goes verbatim to attributes, so that export gives it back.
"""

from replay.interchange.exporting import ExportReport, export_lines, export_requests
from replay.interchange.formats import FORMATS, LINE_FORMATS, READ_FORMATS, detect_format
from replay.interchange.import_report import FileReport
from replay.interchange.importing import CheckedFiles, ImportOptions, import_files
from replay.interchange.line_fields import START_FIELDS, ReadOptions

__all__ = [
    "FORMATS",
    "LINE_FORMATS",
    "READ_FORMATS",
    "START_FIELDS",
    "CheckedFiles",
    "ExportReport",
    "FileReport",
    "ImportOptions",
    "ReadOptions",
    "detect_format",
    "export_lines",
    "export_requests",
    "import_files",
]
