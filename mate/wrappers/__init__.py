"""Layers around the environment: what is observed, how one acts, what is rewarded, who plays, who may talk."""

from mate.groups import group_act, group_communicate, group_observe, group_reset, group_step
from mate.layers import EnvMeta as WrapperMeta
from mate.layers import Wrapper, WrapperSpec
from mate.wrappers.auxiliary_camera_rewards import AuxiliaryCameraRewards
from mate.wrappers.auxiliary_target_rewards import AuxiliaryTargetRewards
from mate.wrappers.centralized_training import RLlibMultiAgentAPI, RLlibMultiAgentCentralizedTraining
from mate.wrappers.discrete import DiscreteCamera, DiscreteTarget
from mate.wrappers.discrete_multi_selection import DiscreteMultiSelection, MultiDiscrete2DiscreteActionMapper
from mate.wrappers.enhanced_observation import EnhancedObservation
from mate.wrappers.extra_communication_delays import ExtraCommunicationDelays
from mate.wrappers.frame_skip import FrameSkip
from mate.wrappers.hierarchical_camera import HierarchicalCamera
from mate.wrappers.message_filter import (
    MessageFilter,
    NoCommunication,
    RandomMessageDropout,
    RestrictedCommunicationRange,
)
from mate.wrappers.metrics import MetricCollector
from mate.wrappers.more_training_information import MoreTrainingInformation
from mate.wrappers.relative_coordinates import RelativeCoordinates
from mate.wrappers.render_communication import RenderCommunication
from mate.wrappers.repeated_reward_individual_done import RepeatedRewardIndividualDone
from mate.wrappers.rescaled_observation import RescaledObservation
from mate.wrappers.shared_field_of_view import SharedFieldOfView
from mate.wrappers.single_team import MultiCamera, MultiTarget, SingleCamera, SingleTarget

__all__ = [
    "AuxiliaryCameraRewards",
    "AuxiliaryTargetRewards",
    "DiscreteCamera",
    "DiscreteMultiSelection",
    "DiscreteTarget",
    "EnhancedObservation",
    "ExtraCommunicationDelays",
    "FrameSkip",
    "HierarchicalCamera",
    "MessageFilter",
    "MetricCollector",
    "MoreTrainingInformation",
    "MultiCamera",
    "MultiDiscrete2DiscreteActionMapper",
    "MultiTarget",
    "NoCommunication",
    "RLlibMultiAgentAPI",
    "RLlibMultiAgentCentralizedTraining",
    "RandomMessageDropout",
    "RelativeCoordinates",
    "RenderCommunication",
    "RepeatedRewardIndividualDone",
    "RescaledObservation",
    "RestrictedCommunicationRange",
    "SharedFieldOfView",
    "SingleCamera",
    "SingleTarget",
    "Wrapper",
    "WrapperMeta",
    "WrapperSpec",
    "group_act",
    "group_communicate",
    "group_observe",
    "group_reset",
    "group_step",
]
