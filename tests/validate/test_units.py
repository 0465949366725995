"""Which parts of an archive are validated: accounts and regions in every layout."""

from __future__ import annotations

import pytest

from trailscan.buckets import StoredObject
from trailscan.errors import AccessError
from trailscan.ingest.plan import Scope
from trailscan.ingest.validation.units import Unit, find_units


def keys(account, region="us-east-1", before="AWSLogs/", kinds=("CloudTrail", "CloudTrail-Digest")):
    """An object in each folder of an account and region."""
    return {
        f"{before}{account}/{kind}/{region}/2026/11/22/x": StoredObject(b"", {}) for kind in kinds
    }


def units(bucket, scope=None, failures=None):
    """The units of a bucket."""
    found = failures if failures is not None else []
    return find_units(bucket, "", scope or Scope(regions=frozenset()), found)


@pytest.mark.parametrize(
    "before",
    ["AWSLogs/", "AWSLogs/o-exampleorg1/", "o-exampleorg1/AWSLogs/", "any/prefix/AWSLogs/", ""],
)
def test_accounts_are_found_in_every_layout(lab, before):
    """Account trails, organization trails, Control Tower's, any prefix, and none."""
    lab.bucket.objects = {
        **keys("111122223333", before=before),
        f"{before}other/x": StoredObject(b"", {}),
    }
    folder = f"{before}111122223333/"
    assert units(lab.bucket) == [
        Unit(
            "111122223333",
            "us-east-1",
            f"{folder}CloudTrail/us-east-1/",
            f"{folder}CloudTrail-Digest/us-east-1/",
        )
    ]


def test_scope_leaves_accounts_and_regions_alone(lab):
    """Only what is asked for is listed."""
    lab.bucket.objects = {
        **keys("111122223333"),
        **keys("111122223333", "eu-west-1"),
        **keys("222233334444"),
    }
    found = units(lab.bucket, Scope(frozenset({"111122223333"}), frozenset({"eu-west-1"})))
    assert [(unit.account_id, unit.region) for unit in found] == [("111122223333", "eu-west-1")]


def test_log_files_without_digests_and_digests_without_log_files_are_units(lab):
    """Either may be gone; that is for the verdicts to say."""
    lab.bucket.objects = {
        **keys("111122223333", kinds=("CloudTrail",)),
        **keys("222233334444", kinds=("CloudTrail-Digest",)),
        **keys("333344445555", kinds=("CloudTrail-Insight", "Config")),
    }
    found = units(lab.bucket)
    assert [(unit.logs is None, unit.digests is None) for unit in found] == [
        (False, True),
        (True, False),
    ]


def test_a_folder_that_cannot_be_listed_is_named_and_costs_nothing_else(lab):
    """One refused account, the others found."""
    lab.bucket.objects = {**keys("111122223333"), **keys("222233334444")}
    listing = lab.bucket.list_here

    def refuse(folder):
        if folder == "AWSLogs/111122223333/CloudTrail/":
            raise AccessError(f"{folder}: access denied")
        return listing(folder)

    lab.bucket.list_here = refuse
    failures = []
    found = units(lab.bucket, failures=failures)
    assert failures == ["AWSLogs/111122223333/CloudTrail/: access denied"]
    assert [(unit.account_id, unit.logs is None) for unit in found] == [
        ("111122223333", True),
        ("222233334444", False),
    ]
