"""Is this text legit? Tells genuine texts and personal chat from advertising and phishing by text."""

from legitext.classifier import Classifier, Prediction, Reason, predict
from legitext.errors import LegitextError
from legitext.links import Link, find_links
from legitext.messages import LABELS, Message

__version__ = "0.1.0"
__all__ = ["LABELS", "Classifier", "LegitextError", "Link", "Message", "Prediction", "Reason", "find_links", "predict"]
