"""scikit-learn's HTML diagram of an estimator, as text."""

import html
import re

from sklearn.utils import estimator_html_repr


def diagram(estimator):
    return html.unescape(estimator_html_repr(estimator))


def captions(estimator):
    """Return the captions of the steps in the diagram, in order."""
    return re.findall(r'<div class="caption">(.*?)</div>', diagram(estimator))
