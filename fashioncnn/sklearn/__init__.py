"""Networks as scikit-learn's estimators: for pipelines, cross-validation, searches and whatever else takes those.

Needs the extra "sklearn".
"""

from __future__ import annotations

try:
    from sklearn.utils.validation import validate_data as _came_with_1_6  # noqa: F401
except ImportError as error:
    raise ImportError('fashioncnn.sklearn needs an extra, scikit-learn 1.6 or newer: pip install "fashioncnn[sklearn]"'
                      ) from error

from fashioncnn.sklearn.classifier import CNNClassifier
from fashioncnn.sklearn.regressor import CNNRegressor

__all__ = ["CNNClassifier", "CNNRegressor"]
