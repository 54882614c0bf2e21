"""The picture of the three axes for the width of a phone: the table is above the sheets."""

from matplotlib.figure import Figure
from three_axes import Layout
from three_axes import draw as draw_at

_NARROW = Layout((390, 664), (76, 72), ((228, 240), (228, 288)), (310, 262), (100, 408), 198, 630)


def draw() -> Figure:
    return draw_at(_NARROW)
