"""Whom boto3 and obstore ask, and with which headers: the same, whatever the options."""

from __future__ import annotations

import pytest

from trailscan.aws.session import AwsOptions
from trailscan.buckets import find_s3, list_folder, open_s3
from trailscan.errors import AccessError, AlreadyExistsError, NotFoundError, TrailscanError

PLAIN, ODD = "folder/plain.json", "folder//odd.json"


def use(place: str = "s3://my-bucket", **options):
    """Do once, through both libraries, everything that a bucket is asked for."""
    bucket = open_s3(place, AwsOptions(**options))
    bucket.write(PLAIN, b"1")
    bucket.write_new("new", b"2")
    with pytest.raises(AlreadyExistsError):
        bucket.write_new("new", b"3")
    folders, objects = list_folder(bucket, "")
    assert (folders, [found.key for found in objects]) == (["folder/"], ["new"])
    assert {found.key for found in bucket.list_objects()} >= {PLAIN, "new"}
    assert (bucket.read(PLAIN), bucket.read("new")) == (b"1", b"2")
    return bucket


def test_everything_is_signed_and_goes_to_one_host(cloud):
    """Both libraries ask the same host, and a server as strict as S3 accepts every request."""
    bucket = cloud.add("my-bucket")
    bucket.objects[ODD] = b"odd"
    opened = use()
    assert opened.read(ODD) == b"odd"
    opened.delete("new")
    assert set(bucket.objects) == {PLAIN, ODD}
    assert cloud.hosts("boto3") == cloud.hosts("obstore") == {"my-bucket.s3.amazonaws.com"}
    lists = cloud.asked("s3:ListBucket")
    by_botocore = ["amz-sdk-invocation-id" in one.headers for one in lists]
    assert by_botocore == [True] + [False] * (len(lists) - 1)


@pytest.mark.parametrize(
    ("region", "environment", "host"),
    [
        ("eu-west-1", {}, "my-bucket.s3.eu-west-1.amazonaws.com"),
        ("cn-north-1", {}, "my-bucket.s3.cn-north-1.amazonaws.com.cn"),
        ("us-gov-west-1", {}, "my-bucket.s3.us-gov-west-1.amazonaws.com"),
        (
            "us-east-1",
            {"AWS_USE_FIPS_ENDPOINT": "true"},
            "my-bucket.s3-fips.us-east-1.amazonaws.com",
        ),
        (
            "eu-west-1",
            {"AWS_USE_DUALSTACK_ENDPOINT": "true"},
            "my-bucket.s3.dualstack.eu-west-1.amazonaws.com",
        ),
        (
            "us-gov-east-1",
            {"AWS_USE_FIPS_ENDPOINT": "true", "AWS_USE_DUALSTACK_ENDPOINT": "true"},
            "my-bucket.s3-fips.dualstack.us-gov-east-1.amazonaws.com",
        ),
    ],
)
def test_partitions_fips_and_dual_stack_reach_their_hosts(
    cloud, monkeypatch, region, environment, host
):
    """Whatever host botocore finds for a region and the AWS CLI's variables, obstore uses too."""
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    cloud.add("my-bucket", region=region)
    use(region=region)
    assert cloud.hosts("boto3") == cloud.hosts("obstore") == {host}


def test_the_configuration_file_decides_as_for_the_aws_cli(cloud, config):
    """FIPS, region and the style of addresses may come from a profile."""
    config(
        "[profile audit]\nKEYS\nregion = us-gov-west-1\nuse_fips_endpoint = true\n"
        "s3 =\n  addressing_style = path\n"
    )
    cloud.add("my-bucket", region="us-gov-west-1")
    use(profile="audit")
    assert cloud.hosts("boto3") == cloud.hosts("obstore") == {"s3-fips.us-gov-west-1.amazonaws.com"}


def test_a_bucket_of_another_region_is_found_there(cloud):
    """S3 sends a wrong region away with 301; the answer comes from the right one, to both."""
    cloud.add("my-bucket", region="eu-central-1")
    use(region="us-west-2")
    assert cloud.hosts("obstore") == {"my-bucket.s3.eu-central-1.amazonaws.com"}
    assert cloud.hosts("boto3") == {
        "my-bucket.s3.us-west-2.amazonaws.com",
        "my-bucket.s3.eu-central-1.amazonaws.com",
    }


def test_a_bucket_with_dots_is_named_by_path(cloud):
    """No certificate fits a host name with further dots."""
    cloud.add("my.dotted.bucket", region="eu-west-1")
    use("s3://my.dotted.bucket", region="eu-west-1")
    assert cloud.hosts("boto3") == cloud.hosts("obstore") == {"s3.eu-west-1.amazonaws.com"}


def test_the_payer_and_the_owner_are_named_on_every_request(cloud):
    """Each request of either library carries both headers, signed."""
    cloud.add("my-bucket", owner="222233334444", requester_pays=True)
    use(request_payer="requester", expected_bucket_owner="222233334444").delete("new")
    asked = [request for request in cloud.requests if request.action.startswith("s3:")]
    assert {request.agent for request in asked} == {"boto3", "obstore"}
    assert {request.action for request in asked} == {
        "s3:ListBucket",
        "s3:GetObject",
        "s3:PutObject",
        "s3:DeleteObject",
    }
    for request in asked:
        assert request.headers["x-amz-expected-bucket-owner"] == "222233334444"
        assert request.headers["x-amz-request-payer"] == "requester"


def test_a_bucket_of_another_owner_is_refused(cloud):
    """A bucket that somebody else made under the expected name is never read or written."""
    bucket = cloud.add("my-bucket", owner="999988887777")
    with pytest.raises(AccessError, match="access denied"):
        use(expected_bucket_owner="222233334444")
    assert bucket.objects == {}


def test_owners_may_be_named_bucket_by_bucket(cloud):
    """The trail's bucket and the store's may belong to different accounts."""
    owners = "222233334444, store=333344445555"
    cloud.add("trail", owner="222233334444")
    cloud.add("store", owner="333344445555")
    for name in ("trail", "store"):
        use(f"s3://{name}", expected_bucket_owner=owners)


def test_who_does_not_pay_is_refused(cloud):
    """A bucket whose requesters pay refuses one who does not say so, and so do we, in words."""
    cloud.add("my-bucket", requester_pays=True)
    with pytest.raises(AccessError, match="access denied by ListObjectsV2"):
        use()


@pytest.mark.parametrize(
    "options",
    [{"expected_bucket_owner": "12"}, {"expected_bucket_owner": ""}, {"request_payer": "me"}],
)
def test_options_that_mean_nothing_are_refused_at_once(options):
    """An account id has twelve digits; nobody pays but the requester."""
    with pytest.raises(ValueError, match=r"expected 'requester'|neither a 12-digit account id"):
        AwsOptions(**options)


def test_a_public_bucket_is_read_without_credentials(cloud, monkeypatch):
    """With no_sign_request nothing is signed, and no credentials are looked for."""
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.delenv(name)
    cloud.add("my-bucket", public=True, objects={PLAIN: b"1"})
    bucket = find_s3("s3://my-bucket", AwsOptions(no_sign_request=True)).bucket
    assert bucket.read(PLAIN) == b"1"
    assert not any("authorization" in request.headers for request in cloud.requests)


def test_the_endpoint_of_the_option_wins(cloud, monkeypatch):
    """The option comes before both variables, for both libraries; the variables before AWS."""
    cloud.add("my-bucket")
    named = {
        "AWS_ENDPOINT_URL": "http://all.example.com:9000",
        "AWS_ENDPOINT_URL_S3": "http://s3.example.com:9000",
    }
    for name, url in named.items():
        monkeypatch.setenv(name, url)
        use()
        assert cloud.hosts("boto3") == cloud.hosts("obstore") == {url[7:-5]}
        cloud.requests.clear()
        cloud.buckets["my-bucket"].objects.clear()
    use(endpoint_url="http://option.example.com:9000")
    assert cloud.hosts("boto3") == cloud.hosts("obstore") == {"option.example.com"}


def test_an_endpoint_may_have_a_path(cloud):
    """Buckets may stand below a path of the server, for both libraries."""
    page = "<Name>x</Name><KeyCount>0</KeyCount><IsTruncated>false</IsTruncated>"
    when = "Mon, 23 Nov 2026 00:00:00 GMT"
    cloud.services["s3:GetObject"] = lambda request: (
        cloud.raw(200, f"<ListBucketResult>{page}</ListBucketResult>")
        if "list-type" in request.query
        else cloud.raw(200, "1", ETag='"x"', **{"Last-Modified": when})
    )
    opened = open_s3("s3://my-bucket", AwsOptions(endpoint_url="http://s3.example.com/above"))
    assert opened.read("key") == b"1"
    asked = [(request.agent, request.path.partition("?")[0]) for request in cloud.requests]
    assert asked == [("boto3", "/above/my-bucket"), ("obstore", "/above/my-bucket/key")]


def test_certificates_that_nobody_vouches_for_are_refused(cloud, monkeypatch):
    """Without the authority's certificate no request is made; a wrong path to it is said."""
    cloud.add("my-bucket")
    monkeypatch.delenv("AWS_CA_BUNDLE")
    with pytest.raises(TrailscanError, match="certificate"):
        use()
    assert cloud.requests == []
    monkeypatch.setenv("AWS_CA_BUNDLE", "/nowhere/bundle.pem")
    with pytest.raises(TrailscanError, match=r"/nowhere/bundle\.pem"):
        use()


def test_certificates_may_be_named_by_a_profile(cloud, config, monkeypatch):
    """`ca_bundle` of a profile does what AWS_CA_BUNDLE does, for both libraries."""
    monkeypatch.delenv("AWS_CA_BUNDLE")
    config(f"[profile audit]\nKEYS\nca_bundle = {cloud.certificates}\n")
    cloud.add("my-bucket")
    use(profile="audit")


def test_an_unknown_bucket_or_region_is_one_clear_line(cloud):
    """No such bucket, and no such region, are errors of ours."""
    with pytest.raises(NotFoundError, match=r"^s3://my-bucket/ does not exist"):
        use()
    with pytest.raises(TrailscanError, match="no region"):
        use(region="no region")
