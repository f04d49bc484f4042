"""Networks that are known by name, to train them or to build on them. Their weights are random, or your own."""

from __future__ import annotations

from fashioncnn.applications import imagenet_utils, mobilenet, mobilenet_v2, resnet, resnet50, vgg16, vgg19
from fashioncnn.applications.mobilenet import MobileNet
from fashioncnn.applications.mobilenet_v2 import MobileNetV2
from fashioncnn.applications.resnet import ResNet18, ResNet34, ResNet50, ResNet101, ResNet152
from fashioncnn.applications.small_resnet import ResNet20, ResNet32, ResNet44, ResNet56, SmallResNet
from fashioncnn.applications.small_vgg import SmallVGG
from fashioncnn.applications.vgg16 import VGG16
from fashioncnn.applications.vgg19 import VGG19
from fashioncnn.utils import absent

__all__ = [
    "VGG16",
    "VGG19",
    "MobileNet",
    "MobileNetV2",
    "ResNet18",
    "ResNet20",
    "ResNet32",
    "ResNet34",
    "ResNet44",
    "ResNet50",
    "ResNet56",
    "ResNet101",
    "ResNet152",
    "SmallResNet",
    "SmallVGG",
    "imagenet_utils",
    "mobilenet",
    "mobilenet_v2",
    "resnet",
    "resnet50",
    "vgg16",
    "vgg19",
]

__getattr__ = absent.module_getattr(__name__)
