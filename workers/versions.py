"""Under which version a worker registers, when deployments are versioned."""

from temporalio.common import VersioningBehavior, WorkerDeploymentVersion
from temporalio.worker import WorkerDeploymentConfig

from workers.settings import Settings


def deployment_config(settings: Settings, name: str) -> WorkerDeploymentConfig | None:
    """Pins sessions to the version that they began under; None when no version is set."""
    if not settings.deployment_version:
        return None
    return WorkerDeploymentConfig(
        version=WorkerDeploymentVersion(deployment_name=name, build_id=settings.deployment_version),
        use_worker_versioning=True,
        default_versioning_behavior=VersioningBehavior.PINNED,
    )
