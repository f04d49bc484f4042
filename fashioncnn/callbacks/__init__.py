"""Callbacks: things to be done while a model is trained, evaluated or used."""

from __future__ import annotations

from fashioncnn import _lazily
from fashioncnn.utils import absent

with _lazily.imports(__name__):
    from fashioncnn.callbacks.backup_and_restore import BackupAndRestore
    from fashioncnn.callbacks.callback import Callback
    from fashioncnn.callbacks.callback_list import CallbackList
    from fashioncnn.callbacks.csv_logger import CSVLogger
    from fashioncnn.callbacks.early_stopping import EarlyStopping
    from fashioncnn.callbacks.history import History
    from fashioncnn.callbacks.lambda_callback import LambdaCallback
    from fashioncnn.callbacks.learning_rate_scheduler import LearningRateScheduler
    from fashioncnn.callbacks.model_checkpoint import ModelCheckpoint
    from fashioncnn.callbacks.progbar_logger import ProgbarLogger
    from fashioncnn.callbacks.reduce_lr_on_plateau import ReduceLROnPlateau
    from fashioncnn.callbacks.swap_ema_weights import SwapEMAWeights
    from fashioncnn.callbacks.tensorboard import TensorBoard
    from fashioncnn.callbacks.terminate_on_nan import TerminateOnNaN

__all__ = [
    "BackupAndRestore",
    "CSVLogger",
    "Callback",
    "CallbackList",
    "EarlyStopping",
    "History",
    "LambdaCallback",
    "LearningRateScheduler",
    "ModelCheckpoint",
    "ProgbarLogger",
    "ReduceLROnPlateau",
    "SwapEMAWeights",
    "TensorBoard",
    "TerminateOnNaN",
]

__getattr__ = absent.module_getattr(__name__)
__dir__ = absent.module_dir(__name__)
