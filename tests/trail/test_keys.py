"""The grammar of the keys under which CloudTrail delivers, and of what lies beside."""

from __future__ import annotations

from datetime import UTC, date, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from trailscan.aws.partitions import global_regions
from trailscan.trail.deliveries import SERVICES
from trailscan.trail.keys import TrailKey, parse_key

ORG, ACCOUNT = "o-exampleorgid", "111122223333"
DAY = date(2026, 11, 22)
TIME = datetime(2026, 11, 22, 14, 5, tzinfo=UTC)
NAME = f"{ACCOUNT}_CloudTrail_us-east-1_20261122T1405Z_Uw3Zd0fGh1JkLm9N.json.gz"
FOLDER = f"{ACCOUNT}/CloudTrail/us-east-1/2026/11/22"
DIGEST = f"{ACCOUNT}_CloudTrail-Digest_us-east-1_my_trail-1_us-east-1_20261122T140501Z"

ORGANIZATION_TRAIL = TrailKey("log_file", ORG, ACCOUNT, "us-east-1", TIME, DAY)
ACCOUNT_TRAIL = ORGANIZATION_TRAIL._replace(organization_id=None)
SOME_LOG_FILE = TrailKey("log_file")
OTHER = TrailKey("unknown")
BY_FOLDERS = ACCOUNT_TRAIL._replace(delivered=None)

LOG_FILES = {
    f"AWSLogs/{ORG}/{FOLDER}/{NAME}": ORGANIZATION_TRAIL,
    f"AWSLogs/{FOLDER}/{NAME}": ACCOUNT_TRAIL,
    f"my/prefix/AWSLogs/{FOLDER}/{NAME}": ACCOUNT_TRAIL,
    f"cloudtrail-organization/AWSLogs/{ORG}/{FOLDER}/{NAME}": ORGANIZATION_TRAIL,
    # Control Tower: the organization's id is the prefix, of an account trail before 3.0
    f"{ORG}/AWSLogs/{FOLDER}/{NAME}": ACCOUNT_TRAIL,
    f"{ORG}/AWSLogs/{ORG}/{FOLDER}/{NAME}": ORGANIZATION_TRAIL,
    # people's copies
    NAME: ACCOUNT_TRAIL,
    NAME.removesuffix(".gz"): ACCOUNT_TRAIL,
    f"incident-42/{NAME}": ACCOUNT_TRAIL,
    f"root/evidence/AWSLogs/{ORG}/{FOLDER}/{NAME}": ORGANIZATION_TRAIL,
    f"{FOLDER}/{NAME}": ACCOUNT_TRAIL,
    f"{ORG}/{FOLDER}/{NAME}": ORGANIZATION_TRAIL,
    f"AWSLogs/{FOLDER}/part-0.json.gz": BY_FOLDERS,
    f"AWSLogs/{FOLDER}/{NAME}.gz": BY_FOLDERS,
    f"AWSLogs/{ORG}/{FOLDER}/Copy of {NAME}": BY_FOLDERS._replace(organization_id=ORG),
    f"AWSLogs/{FOLDER}/all.ndjson": BY_FOLDERS,
    "events.json": SOME_LOG_FILE,
    "exports/2026/11/22/EVENTS.JSONL.GZ": SOME_LOG_FILE,
    "firehose-1-2026-11-22-14-05-00-uuid.gz": SOME_LOG_FILE,
    "cloudtrail.log": SOME_LOG_FILE,
    # other partitions
    "AWSLogs/111122223333/CloudTrail/us-gov-west-1/2026/11/22/"
    "111122223333_CloudTrail_us-gov-west-1_20261122T1405Z_Uw3Zd0fGh1JkLm9N.json.gz": (
        ACCOUNT_TRAIL._replace(region="us-gov-west-1")
    ),
    "AWSLogs/111122223333/CloudTrail/cn-northwest-1/2026/11/22/"
    "111122223333_CloudTrail_cn-northwest-1_20261122T1405Z_Uw3Zd0fGh1JkLm9N.json.gz": (
        ACCOUNT_TRAIL._replace(region="cn-northwest-1")
    ),
    # AWS's documented example has no underscore before the random part
    "bucket_name/prefix_name/AWSLogs/111111111111/CloudTrail/us-east-2/2014/06/20/"
    "111111111111_CloudTrail_us-east-2_20140620T1255ZHdkvFTXOA3Vnhbc.json.gz": TrailKey(
        "log_file",
        None,
        "111111111111",
        "us-east-2",
        datetime(2014, 6, 20, 12, 55, tzinfo=UTC),
        date(2014, 6, 20),
    ),
    # the name knows better than the folders: an upload to the wrong place, a file near midnight
    f"AWSLogs/444455556666/CloudTrail/eu-west-1/2026/11/21/{NAME}": ACCOUNT_TRAIL,
    # odd dates
    f"AWSLogs/{FOLDER}/{ACCOUNT}_CloudTrail_us-east-1_20261322T1405Z_Uw3Zd0fGh1JkLm9N.json.gz": (
        BY_FOLDERS
    ),
    f"AWSLogs/{FOLDER}/{ACCOUNT}_CloudTrail_us-east-1_20261122T2460Z_Uw3Zd0fGh1JkLm9N.json.gz": (
        BY_FOLDERS
    ),
    f"{ACCOUNT}_CloudTrail_us-east-1_00000000T0000Z_Uw3Zd0fGh1JkLm9N.json.gz": (
        BY_FOLDERS._replace(day=None)
    ),
    f"AWSLogs/{ACCOUNT}/CloudTrail/us-east-1/2026/02/30/x.json.gz": BY_FOLDERS._replace(day=None),
    f"AWSLogs/{ACCOUNT}/CloudTrail/us-east-1/2026/1/1/x.json.gz": BY_FOLDERS._replace(day=None),
    f"AWSLogs/{ACCOUNT}/CloudTrail/us-east-1/9999/12/31/x.json.gz": (
        BY_FOLDERS._replace(day=date.max)
    ),
    # hostile characters
    f"AWSLogs/{FOLDER}/<script>alert(1)</script>.json": BY_FOLDERS._replace(day=None),
    f"AWSLogs/{FOLDER}/\x1b[31mred\nline.json": BY_FOLDERS,
    f"../../{FOLDER}/=cmd|' calc'!A0.json.gz": BY_FOLDERS,
    f"a//b/./{NAME}": ACCOUNT_TRAIL,
    f"/{NAME}": ACCOUNT_TRAIL,
    "\udce9.json": SOME_LOG_FILE,
}

NO_LOG_FILES = {
    f"AWSLogs/{ACCOUNT}/CloudTrail-Digest/us-east-1/2026/11/22/{DIGEST}.json.gz": "digest",
    f"AWSLogs/{ACCOUNT}/CloudTrail-Digest/us-east-1/2026/11/22/{DIGEST}_backfill.json.gz": "digest",
    f"p/AWSLogs/{ORG}/{ACCOUNT}/CloudTrail-Digest/us-east-1/2026/11/22/{DIGEST}.json.gz": "digest",
    f"{DIGEST}.json.gz": "digest",
    f"{DIGEST}_backfill.json.gz": "digest",
    f"AWSLogs/{ORG}/{ACCOUNT}/CloudTrail-Insight/us-east-1/2026/11/22/"
    f"{ACCOUNT}_CloudTrail-Insight_us-east-1_20261122T1405Z_Uw3Zd0fGh1JkLm9N.json.gz": "insight",
    f"{ACCOUNT}_CloudTrail-Insight_us-east-1_20261122T1405Z_Uw3Zd0fGh1JkLm9N.json.gz": "insight",
    f"AWSLogs/{ACCOUNT}/CloudTrail-Aggregated/us-east-1/2026/11/22/"
    f"{ACCOUNT}_CloudTrail-Aggregated_us-east-1_20261122T1405Z_Uw3Z.json.gz": "aggregated",
    f"AWSLogs/{ACCOUNT}/CloudTrail-Lake/Query/2026/11/22/9b2d/result_1.csv.gz": "lake",
    f"p/AWSLogs/{ACCOUNT}/CloudTrail-Lake/Query/2026/11/22/9b2d/result_sign.json": "lake",
    f"AWSLogs/{ACCOUNT}/Config/us-east-1/2026/11/22/ConfigSnapshot/"
    f"{ACCOUNT}_Config_us-east-1_ConfigSnapshot_20261122T140501Z_9b2d.json.gz": "config",
    f"AWSLogs/{ACCOUNT}/Config/ConfigWritabilityCheckFile": "config",
    f"AWSLogs/{ACCOUNT}/elasticloadbalancing/us-east-1/2026/11/22/"
    f"{ACCOUNT}_elasticloadbalancing_us-east-1_app.lb.9b2d_20261122T1405Z_10.0.0.1_x.log.gz": (
        "elb"
    ),
    f"AWSLogs/{ACCOUNT}/vpcflowlogs/us-east-1/2026/11/22/x.log.gz": "vpc_flow_logs",
    f"AWSLogs/{ACCOUNT}/CloudTrail/us-east-1/2026/11/22/": "marker",
    f"AWSLogs/{ACCOUNT}/CloudTrail/us-east-1/2026/11/22/README": "unknown",
    f"AWSLogs/{FOLDER}/{NAME}.tmp": "unknown",
    f"{NAME} (1)": "unknown",
    "README": "unknown",
    "README.md": "unknown",
    "summary.csv": "unknown",
    "store/events/part-0.parquet": "unknown",
    "": "marker",
    "/": "marker",
    "json": "unknown",
}

PARTS = st.sampled_from(
    [
        *["AWSLogs", ORG, ACCOUNT, "CloudTrail", "us-east-1", "2026", "11", "22", NAME, ""],
        *["CloudTrail-Digest", "CloudTrail-Lake", "99999999999999", "x.json.gz", "..", "\n", "\0"],
    ]
)


@pytest.mark.parametrize(("key", "expected"), LOG_FILES.items())
def test_a_key_says_all_that_its_name_and_folders_say(key: str, expected: TrailKey) -> None:
    """Of a log file, account, region and day come from its name, or else from its folders."""
    assert parse_key(key) == expected


@pytest.mark.parametrize(("key", "kind"), NO_LOG_FILES.items())
def test_what_is_no_log_file_is_told_by_its_kind(key: str, kind: str) -> None:
    """Digests, insights and other services' files are told apart, and nothing else is claimed."""
    assert parse_key(key) == TrailKey(kind)


@pytest.mark.parametrize(
    "name",
    [
        "١٢٣٤٥٦٧٨٩٠١٢_CloudTrail_us-east-1_20261122T1405Z_Uw3Zd0fGh1JkLm9N.json.gz",
        "١٢٣٤٥٦٧٨٩٠١٢/CloudTrail/us-east-1/x.json.gz",
    ],
)
def test_an_account_id_has_ascii_digits(name: str) -> None:
    """Twelve digits of another script are no account id."""
    assert parse_key(name).account_id is None


@pytest.mark.parametrize(
    ("key", "kind"),
    [
        ("CloudTrail-Digest/x.json.gz", "log_file"),
        ("security/Config/2026/x.json", "log_file"),
        (f"AWSLogs/{ORG}/{ACCOUNT}/Config/x.json", "config"),
        (f"copies/{ACCOUNT}/Config/x.json", "log_file"),
        (f"{ACCOUNT}/Config/x.json", "config"),
        (f"AWSLogs/{ACCOUNT}/NewService/x.log.gz", "unknown"),
        (f"{ACCOUNT}_Config_us-east-1_ConfigHistory_AWS::EC2::VPC_1.json.gz", "config"),
        (f"{ACCOUNT}_vpcflowlogs_us-east-1_fl-0123_20260301T0805Z_ab.log.gz", "vpc_flow_logs"),
        (f"AWSLogs/{ACCOUNT}/CloudTrail/us-east-1/._{NAME}", "unknown"),
        *[(name, "marker") for name in (".DS_Store", "a/_SUCCESS", "b_$folder$", ".x.json.crc")],
        *[(name, "metadata") for name in (f"{NAME}.metadata.json", "public-keys.json")],
    ],
)
def test_only_a_whole_pattern_makes_another_delivery(key: str, kind: str) -> None:
    """A folder's name means a service of AWS only below an account; an object's own name always."""
    assert parse_key(key).kind == kind


def test_folders_above_the_source_make_no_other_delivery() -> None:
    """They still name the account and region of a log file."""
    above = f"AWSLogs/{ACCOUNT}/CloudTrail-Lake/"
    assert parse_key(f"{above}x.json").kind == "lake"
    assert parse_key(f"{above}x.json", len(above)).kind == "log_file"
    assert parse_key(f"{above}{ACCOUNT}/Config/x.json", len(above)).kind == "config"
    assert parse_key(f"AWSLogs/{FOLDER}/part-0.json.gz", 60) == BY_FOLDERS


def test_a_prefix_named_as_a_cloudtrail_folder_hides_no_log_file() -> None:
    """A delivered log file is one also under a prefix that people named `CloudTrail-Lake`."""
    assert parse_key(f"CloudTrail-Lake/AWSLogs/{FOLDER}/{NAME}") == ACCOUNT_TRAIL


def test_each_partition_has_its_region_for_organizations() -> None:
    """The regions are botocore's endpoints of Organizations, partition by partition."""
    import botocore.session

    session = botocore.session.get_session()
    endpoints = session.get_component("data_loader").load_data("endpoints")["partitions"]
    known = {
        partition["partition"]: service["endpoints"][service["partitionEndpoint"]][
            "credentialScope"
        ]["region"]
        for partition in endpoints
        if "partitionEndpoint" in (service := partition["services"].get("organizations", {}))
    }
    assert known.items() <= global_regions().items()
    assert global_regions()["aws-eusc"] == "eusc-de-east-1"
    assert {"aws", "aws-cn", "aws-us-gov"} <= known.keys()


@given(key=st.text(st.characters(exclude_categories=())) | st.lists(PARTS).map("/".join))
def test_any_text_is_a_key_of_some_kind(key: str) -> None:
    """Law: no key fails, the same key says the same, and what is no log file claims nothing."""
    found = parse_key(key)
    assert found == parse_key(key)
    assert found.kind in {*SERVICES.values(), "log_file", "unknown", "marker", "metadata"}
    assert found.kind == "log_file" or found == TrailKey(found.kind)
    assert found.delivered is None or found.day == found.delivered.date()
