"""What words and frames mean, in words and as data. Pure: no reading, no printing."""

from exporter.explain.data import frame_data, word_data
from exporter.explain.frame import FRAME_BYTES, MODULE_BYTES, Frame, FrameWord, explain_frame
from exporter.explain.word import DeviceReading, Explanation, explain_word, kind_of, value_range

__all__ = [
    "FRAME_BYTES",
    "MODULE_BYTES",
    "DeviceReading",
    "Explanation",
    "Frame",
    "FrameWord",
    "explain_frame",
    "explain_word",
    "frame_data",
    "kind_of",
    "value_range",
    "word_data",
]
