"""An Airflow DAG that runs the daily job; copy it into the DAG folder. Airflow itself is no dependency of tierflow."""

from datetime import datetime, timedelta

from airflow import DAG
from airflow.operators.bash import BashOperator

COMMAND = "/opt/tierflow/run tierflow"
CHAIN = "/data/my-chain"

with DAG(
    dag_id="tierflow",
    schedule="30 2 * * *",
    start_date=datetime(2025, 1, 1),
    catchup=False,
    max_active_runs=1,
    default_args={"retries": 3, "retry_delay": timedelta(minutes=5)},
) as dag:
    # `ds` is the day that the run is about; 4 is done, with something to look at.
    replenish = BashOperator(
        task_id="replenish",
        bash_command=(
            f"{COMMAND} replenish {CHAIN} --cutoff {{{{ ds }}}} --log-json --json; code=$?; "
            "[ $code -eq 4 ] && exit 0; exit $code"
        ),
    )
    doctor = BashOperator(task_id="doctor", bash_command=f"{COMMAND} doctor {CHAIN}", trigger_rule="all_done")
    replenish >> doctor
