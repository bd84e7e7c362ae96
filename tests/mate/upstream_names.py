"""The public names of every module of the original package, and those of them that are not here, with the reason."""

NAMES = {
    "mate": "make make_environment",
    "mate.agents": (
        "CameraAgentBase GreedyCameraAgent GreedyTargetAgent HeuristicCameraAgent HeuristicTargetAgent "
        "MixtureCameraAgent MixtureTargetAgent NaiveCameraAgent NaiveTargetAgent RandomCameraAgent "
        "RandomTargetAgent TargetAgentBase"
    ),
    "mate.agents.base": "AgentBase AgentType CameraAgentBase StatePrivateType StatePublicType TargetAgentBase",
    "mate.agents.greedy": "GreedyCameraAgent GreedyTargetAgent",
    "mate.agents.heuristic": "HeuristicCameraAgent HeuristicTargetAgent",
    "mate.agents.mixture": "MixtureAgentMixIn MixtureCameraAgent MixtureTargetAgent",
    "mate.agents.naive": "NaiveCameraAgent NaiveTargetAgent",
    "mate.agents.random": "RandomCameraAgent RandomTargetAgent",
    "mate.agents.utils": (
        "CameraStatePrivate CameraStatePublic ObstacleState StateBase TargetStatePrivate TargetStatePublic "
        "convert_coordinates normalize_observation rescale_observation split_observation"
    ),
    "mate.assets.generator": "BASE_CONFIG_FILE MAX_ITERATIONS NUM_MESHES SCALE generate main",
    "mate.assets.pygletrendering": (
        "Attr Color Compound FilledPolygon Geom Image Line LineStyle LineWidth Point PolyLine RAD2DEG "
        "SimpleImageViewer Transform Viewer get_display get_window make_capsule make_circle make_polygon "
        "make_polyline"
    ),
    "mate.constants": (
        "CAMERA_ACTION_DIM CAMERA_DEFAULT_ACTION CAMERA_STATE_DIM_PRIVATE CAMERA_STATE_DIM_PUBLIC "
        "CAMERA_STATE_SPACE_PRIVATE CAMERA_STATE_SPACE_PUBLIC MAX_CAMERA_VIEWING_ANGLE NUM_WAREHOUSES "
        "OBSERVATION_OFFSET OBSTACLE_STATE_DIM OBSTACLE_STATE_SPACE PRESERVED_DIM PRESERVED_SPACE "
        "TARGET_ACTION_DIM TARGET_DEFAULT_ACTION TARGET_RADIUS TARGET_STATE_DIM_PRIVATE "
        "TARGET_STATE_DIM_PUBLIC TARGET_STATE_SPACE_PRIVATE TARGET_STATE_SPACE_PUBLIC TERRAIN_SIZE "
        "TERRAIN_SPACE TERRAIN_WIDTH WAREHOUSES WAREHOUSE_RADIUS camera_coordinate_mask_of "
        "camera_observation_indices_of camera_observation_slices_of camera_observation_space_of "
        "coordinate_mask_of observation_indices_of observation_slices_of observation_space_of "
        "target_coordinate_mask_of target_observation_indices_of target_observation_slices_of "
        "target_observation_space_of"
    ),
    "mate.entities": (
        "Camera DEFAULT_CAMERA_MIN_VIEWING_ANGLE DEFAULT_CAMERA_RADIUS DEFAULT_CAMERA_ROTATION_STEP "
        "DEFAULT_CAMERA_ZOOMING_STEP DEFAULT_OBSTACLE_TRANSMITTANCE DEFAULT_SIGHT_RANGE "
        "DEFAULT_TARGET_STEP_SIZE Entity Obstacle SPATIAL_GRID_RESOLUTION Sensor Target"
    ),
    "mate.environment": (
        "ASSETS_DIR DEFAULT_CONFIG_FILE DEFAULT_WINDOW_SIZE EnvMeta MultiAgentTracking NUM_RESET_RETRIES "
        "TARGET_RENDER_RADIUS WAREHOUSE_COLORS read_config validate_config"
    ),
    "mate.evaluate": "COLUMNS Column evaluate load_entry main parse_arguments",
    "mate.utils": (
        "DEG2RAD Message RAD2DEG SpatialHashmap Team Vector2D arccos_deg arcsin_deg arctan2_deg "
        "cartesian2polar cos_deg normalize_angle polar2cartesian seed_everything sin_deg tan_deg"
    ),
    "mate.version": "__license__ __version__",
    "mate.wrappers": (
        "AuxiliaryCameraRewards AuxiliaryTargetRewards DiscreteCamera DiscreteTarget EnhancedObservation "
        "ExtraCommunicationDelays MessageFilter MoreTrainingInformation MultiCamera MultiTarget "
        "NoCommunication RandomMessageDropout RelativeCoordinates RenderCommunication "
        "RepeatedRewardIndividualDone RescaledObservation RestrictedCommunicationRange SharedFieldOfView "
        "SingleCamera SingleTarget WrapperMeta WrapperSpec group_act group_communicate group_observe "
        "group_reset group_step"
    ),
    "mate.wrappers.auxiliary_camera_rewards": "AuxiliaryCameraRewards",
    "mate.wrappers.auxiliary_target_rewards": "AuxiliaryTargetRewards",
    "mate.wrappers.discrete_action_spaces": "DiscreteCamera DiscreteTarget indices_of_nearest_grid_point",
    "mate.wrappers.enhanced_observation": "EnhancedObservation",
    "mate.wrappers.extra_communication_delays": "ExtraCommunicationDelays",
    "mate.wrappers.message_filter": "MessageFilter",
    "mate.wrappers.more_training_information": "MoreTrainingInformation",
    "mate.wrappers.no_communication": "NoCommunication",
    "mate.wrappers.random_message_dropout": "RandomMessageDropout",
    "mate.wrappers.relative_coordinates": "RelativeCoordinates",
    "mate.wrappers.render_communication": "RenderCommunication",
    "mate.wrappers.repeated_reward_individual_done": "RepeatedRewardIndividualDone",
    "mate.wrappers.rescaled_observation": "RescaledObservation",
    "mate.wrappers.restricted_communication_range": "RestrictedCommunicationRange",
    "mate.wrappers.shared_field_of_view": "SharedFieldOfView",
    "mate.wrappers.single_team": (
        "MultiCamera MultiTarget SingleCamera SingleTarget SingleTeamHelper SingleTeamMultiAgent "
        "SingleTeamSingleAgent group_act group_communicate group_observe group_reset group_step"
    ),
    "mate.wrappers.typing": (
        "AgentType BaseEnvironmentType MateEnvironmentType MultiAgentEnvironmentType WrapperMeta WrapperSpec "
        "assert_base_environment assert_mate_environment assert_multi_agent_environment"
    ),
}

_INSIDE = "the engine keeps its discs and draws in arrays"
_PICTURES = "pictures are made of mate.rendering shapes, not drawn with OpenGL"

NOT_HERE = {
    "mate.utils": {"SpatialHashmap": _INSIDE},
    "mate.entities": {"SPATIAL_GRID_RESOLUTION": _INSIDE},
    "mate.environment": {
        "NUM_RESET_RETRIES": _INSIDE,
        "TARGET_RENDER_RADIUS": _PICTURES,
        "WAREHOUSE_COLORS": _PICTURES,
    },
    "mate.assets.generator": {
        "MAX_ITERATIONS": "the search has no settings",
        "NUM_MESHES": "the search has no settings",
    },
    "mate.assets.pygletrendering": dict.fromkeys(
        (
            *("Attr", "Color", "Compound", "FilledPolygon", "Geom", "Image", "Line", "LineStyle", "LineWidth", "Point"),
            *("PolyLine", "SimpleImageViewer", "Transform", "get_display", "get_window", "make_capsule", "make_circle"),
            *("make_polygon", "make_polyline"),
        ),
        _PICTURES,
    ),
}
