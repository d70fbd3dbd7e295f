"""A Dagster job and schedule for the daily job. Dagster itself is no dependency of tierflow."""

import json
import subprocess
from datetime import timedelta

from dagster import Definitions, Failure, OpExecutionContext, RetryPolicy, RunRequest, job, op, schedule

COMMAND = ["/opt/tierflow/run", "tierflow"]
CHAIN = "/data/my-chain"
NEVER_AGAIN = {2: "wrong configuration", 3: "invalid input"}


@op(config_schema={"cutoff": str}, retry_policy=RetryPolicy(max_retries=3, delay=300))
def replenish(context: OpExecutionContext) -> str:
    """Plan and publish one night; done before, it does nothing."""
    words = [*COMMAND, "replenish", CHAIN, "--cutoff", context.op_config["cutoff"], "--json"]
    done = subprocess.run(words, capture_output=True, text=True, check=False)
    context.log.info(done.stderr)
    if done.returncode in NEVER_AGAIN:
        raise Failure(NEVER_AGAIN[done.returncode], allow_retries=False)
    if done.returncode not in (0, 4):
        raise Failure(f"tierflow ended with code {done.returncode}")
    return str(json.loads(done.stdout)["run_id"])


@job
def tierflow() -> None:
    """The night."""
    replenish()


@schedule(job=tierflow, cron_schedule="30 2 * * *")
def every_night(context) -> RunRequest:
    """Yesterday, fixed when the schedule ticks and not when the job gets to run."""
    cutoff = (context.scheduled_execution_time - timedelta(days=1)).date().isoformat()
    return RunRequest(run_key=cutoff, run_config={"ops": {"replenish": {"config": {"cutoff": cutoff}}}})


definitions = Definitions(jobs=[tierflow], schedules=[every_night])
