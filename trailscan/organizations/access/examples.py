"""Examples that people recognise, for the requests that show what a change means.

They are only suggestions: a class of values that none of them belongs to has an example of its own.
Names of actions and forms of ARNs: the Service Authorization Reference. Account ids, regions and
addresses are those that AWS and the RFCs set aside for documentation, or common ones.
"""

from __future__ import annotations

from functools import cache, reduce
from operator import or_
from typing import TYPE_CHECKING

from trailscan.organizations.access import known_actions

if TYPE_CHECKING:
    from collections.abc import Iterator

ACCOUNT = "111122223333"
"""An account id."""
_REGION = "eu-central-1"

PRINCIPALS = (
    f"arn:aws:iam::{ACCOUNT}:role/Developer",
    f"arn:aws:iam::{ACCOUNT}:user/alice",
    f"arn:aws:iam::{ACCOUNT}:root",
)

_ACTIONS = {
    "ec2": "RunInstances TerminateInstances StartInstances StopInstances CreateVpc DeleteVpc"
    " CreateInternetGateway AttachInternetGateway CreateSecurityGroup DeleteFlowLogs"
    " AuthorizeSecurityGroupIngress CreateVolume CreateSnapshot ModifySnapshotAttribute"
    " ModifyImageAttribute CreateTags DescribeInstances AcceptVpcPeeringConnection"
    " CreateVpcPeeringConnection CreateDefaultVpc ModifyInstanceMetadataOptions"
    " DisableEbsEncryptionByDefault",
    "s3": "GetObject PutObject DeleteObject ListBucket ListAllMyBuckets CreateBucket DeleteBucket"
    " PutBucketPolicy DeleteBucketPolicy PutBucketPublicAccessBlock PutAccountPublicAccessBlock"
    " PutEncryptionConfiguration PutLifecycleConfiguration PutObjectAcl PutBucketAcl"
    " PutObjectTagging",
    "iam": "CreateUser CreateRole CreateAccessKey CreateLoginProfile CreatePolicy DeleteRole"
    " DeleteUser DeletePolicy AttachRolePolicy AttachUserPolicy DetachRolePolicy PutRolePolicy"
    " PutUserPolicy DeleteRolePolicy UpdateAssumeRolePolicy UpdateRole PassRole GetRole GetUser"
    " ListRoles ListUsers TagRole UntagRole CreateServiceLinkedRole"
    " DeleteRolePermissionsBoundary PutRolePermissionsBoundary DeactivateMFADevice"
    " CreateSAMLProvider UpdateAccountPasswordPolicy",
    "sts": "AssumeRole AssumeRoleWithSAML AssumeRoleWithWebIdentity GetFederationToken"
    " GetSessionToken GetCallerIdentity TagSession",
    "organizations": "LeaveOrganization CreateAccount MoveAccount UpdatePolicy DetachPolicy"
    " AttachPolicy DeletePolicy DescribeOrganization ListAccounts InviteAccountToOrganization",
    "account": "CloseAccount EnableRegion DisableRegion PutAlternateContact GetContactInformation",
    "cloudtrail": "StopLogging DeleteTrail UpdateTrail PutEventSelectors CreateTrail LookupEvents",
    "config": "StopConfigurationRecorder DeleteConfigurationRecorder DeleteDeliveryChannel"
    " DeleteConfigRule PutConfigRule",
    "guardduty": "DeleteDetector UpdateDetector DisassociateMembers"
    " DisassociateFromAdministratorAccount StopMonitoringMembers CreateDetector",
    "securityhub": "DisableSecurityHub BatchUpdateFindings DeleteInsight",
    "access-analyzer": "DeleteAnalyzer CreateAnalyzer",
    "macie2": "DisableMacie EnableMacie",
    "inspector2": "Disable Enable",
    "detective": "DeleteGraph",
    "fms": "DisassociateAdminAccount",
    "kms": "Decrypt Encrypt GenerateDataKey CreateKey ScheduleKeyDeletion DisableKey PutKeyPolicy"
    " CreateGrant DescribeKey",
    "secretsmanager": "GetSecretValue CreateSecret DeleteSecret PutSecretValue",
    "ssm": "GetParameter PutParameter StartSession SendCommand ModifyDocumentPermission",
    "lambda": "InvokeFunction CreateFunction UpdateFunctionCode DeleteFunction"
    " CreateFunctionUrlConfig AddPermission",
    "dynamodb": "GetItem PutItem DeleteItem Query Scan CreateTable DeleteTable",
    "rds": "CreateDBInstance DeleteDBInstance ModifyDBInstance CreateDBSnapshot"
    " ModifyDBSnapshotAttribute",
    "sqs": "SendMessage ReceiveMessage CreateQueue DeleteQueue",
    "sns": "Publish Subscribe CreateTopic DeleteTopic",
    "logs": "DeleteLogGroup DeleteLogStream CreateLogGroup PutLogEvents PutRetentionPolicy",
    "cloudwatch": "DeleteAlarms PutMetricAlarm DisableAlarmActions GetMetricData",
    "events": "DeleteRule DisableRule PutRule PutTargets",
    "cloudformation": "CreateStack DeleteStack UpdateStack",
    "cloudfront": "CreateDistribution UpdateDistribution",
    "route53": "ChangeResourceRecordSets CreateHostedZone",
    "route53domains": "TransferDomain RegisterDomain",
    "ecr": "GetAuthorizationToken PutImage BatchGetImage",
    "ecs": "RunTask CreateCluster",
    "eks": "CreateCluster DeleteCluster",
    "elasticloadbalancing": "CreateLoadBalancer DeleteLoadBalancer",
    "autoscaling": "CreateAutoScalingGroup UpdateAutoScalingGroup",
    "sagemaker": "CreateNotebookInstance CreateTrainingJob",
    "bedrock": "InvokeModel CreateModelCustomizationJob PutFoundationModelEntitlement",
    "glue": "CreateJob StartJobRun",
    "athena": "StartQueryExecution",
    "redshift": "CreateCluster DeleteCluster",
    "es": "ESHttpGet CreateDomain",
    "backup": "DeleteRecoveryPoint DeleteBackupVault DeleteBackupPlan UpdateGlobalSettings",
    "ram": "CreateResourceShare AssociateResourceShare EnableSharingWithAwsOrganization",
    "sso": "CreateAccountAssignment DeletePermissionSet CreateInstance",
    "aws-portal": "ModifyBilling ModifyAccount",
    "billing": "UpdateBillingPreferences",
    "budgets": "ModifyBudget ViewBudget",
    "ce": "GetCostAndUsage",
    "support": "CreateCase DescribeCases",
    "health": "DescribeEvents",
    "tag": "GetResources TagResources",
    "globalaccelerator": "CreateAccelerator",
    "waf": "DeleteWebACL",
    "wafv2": "DeleteWebACL UpdateWebACL",
    "shield": "DeleteProtection",
    "networkmanager": "CreateGlobalNetwork",
    "directconnect": "CreateConnection",
    "ses": "SendEmail",
    "states": "StartExecution",
    "codebuild": "StartBuild",
    "codepipeline": "StartPipelineExecution",
    "execute-api": "Invoke",
    "apigateway": "POST",
    "elasticfilesystem": "CreateFileSystem DeleteFileSystem",
    "elasticache": "CreateCacheCluster",
    "kinesis": "PutRecord CreateStream",
    "firehose": "PutRecord",
    "cognito-idp": "AdminCreateUser",
    "aws-marketplace": "Subscribe",
    "lightsail": "CreateInstances",
    "workspaces": "CreateWorkspaces",
    "servicequotas": "RequestServiceQuotaIncrease",
    "trustedadvisor": "DescribeChecks",
    "a4b": "CreateRoom",
}

_RESOURCES = {
    "ec2": f"arn:aws:ec2:{_REGION}:{ACCOUNT}:instance/i-0123456789abcdef0",
    "s3": "arn:aws:s3:::example-bucket/example.txt",
    "iam": f"arn:aws:iam::{ACCOUNT}:role/Developer",
    "sts": f"arn:aws:iam::{ACCOUNT}:role/Developer",
    "kms": f"arn:aws:kms:{_REGION}:{ACCOUNT}:key/12345678-1234-1234-1234-123456789012",
    "secretsmanager": f"arn:aws:secretsmanager:{_REGION}:{ACCOUNT}:secret:example-AbCdEf",
    "ssm": f"arn:aws:ssm:{_REGION}:{ACCOUNT}:parameter/example",
    "lambda": f"arn:aws:lambda:{_REGION}:{ACCOUNT}:function:example",
    "dynamodb": f"arn:aws:dynamodb:{_REGION}:{ACCOUNT}:table/example",
    "rds": f"arn:aws:rds:{_REGION}:{ACCOUNT}:db:example",
    "sqs": f"arn:aws:sqs:{_REGION}:{ACCOUNT}:example",
    "sns": f"arn:aws:sns:{_REGION}:{ACCOUNT}:example",
    "logs": f"arn:aws:logs:{_REGION}:{ACCOUNT}:log-group:example",
    "cloudtrail": f"arn:aws:cloudtrail:{_REGION}:{ACCOUNT}:trail/example",
    "guardduty": f"arn:aws:guardduty:{_REGION}:{ACCOUNT}:detector/12abc34d567e8fa9",
}
_BUCKET = "arn:aws:s3:::example-bucket"
_USER = f"arn:aws:iam::{ACCOUNT}:user/alice"

_KEYS = {
    "aws:requestedregion": (_REGION, "us-east-1", "ap-southeast-2", "sa-east-1"),
    "aws:principalorgid": ("o-exampleorgid",),
    "aws:resourceorgid": ("o-exampleorgid",),
    "aws:sourceorgid": ("o-exampleorgid",),
    "aws:principalaccount": (ACCOUNT, "444455556666"),
    "aws:sourceaccount": (ACCOUNT, "444455556666"),
    "aws:resourceaccount": (ACCOUNT, "444455556666"),
    "aws:principalorgpaths": ("o-exampleorgid/r-ab12/ou-ab12-11111111/",),
    "aws:resourceorgpaths": ("o-exampleorgid/r-ab12/ou-ab12-11111111/",),
    "aws:sourceip": ("203.0.113.10", "198.51.100.10", "192.0.2.10"),
    "aws:sourcevpc": ("vpc-0123456789abcdef0",),
    "aws:sourcevpce": ("vpce-0123456789abcdef0",),
    "aws:useragent": ("aws-cli/2.0",),
    "aws:userid": ("AROAEXAMPLEEXAMPLEXMP:alice",),
    "aws:username": ("alice", "bob"),
    "aws:principaltype": ("AssumedRole", "User"),
    "aws:tagkeys": ("Environment", "CostCenter"),
    "aws:calledvia": ("cloudformation.amazonaws.com",),
    "aws:sourcearn": (f"arn:aws:sns:{_REGION}:{ACCOUNT}:example",),
    "ec2:instancetype": ("m5.large", "t3.micro"),
    "ec2:region": (_REGION,),
    "ec2:volumetype": ("gp3",),
    "iam:passedtoservice": ("lambda.amazonaws.com",),
    "iam:policyarn": ("arn:aws:iam::aws:policy/AdministratorAccess",),
    "iam:permissionsboundary": (f"arn:aws:iam::{ACCOUNT}:policy/boundary",),
    "s3:x-amz-server-side-encryption": ("AES256",),
    "s3:x-amz-acl": ("public-read",),
    "s3:prefix": ("reports/",),
}
_OTHER_VALUES = ("example", "other")
ALWAYS_PRESENT = frozenset(
    {
        *("aws:currenttime", "aws:epochtime", "aws:requestedregion", "aws:securetransport"),
        *("aws:useragent", "aws:viaawsservice"),
    }
)
"""Keys of every request (`reference_policies_condition-keys`); no decision relies on that."""


@cache
def _preferred() -> tuple[int, list[int]]:
    """The actions above, together and one by one."""
    each = [
        known_actions.matching(f"{service}:{name}".lower())
        for service, names in _ACTIONS.items()
        for name in names.split()
    ]
    return reduce(or_, each), each


def action(known: int) -> str | None:
    """One of some known actions, if possible one that people recognise; None if there is none."""
    together, each = _preferred()
    if known & together:
        known = next(one for one in each if one & known)
    return known_actions.name_of(known) if known else None


def resources(action: str, region: str | None = None) -> Iterator[str]:
    """Resources that an action in a region could be about."""
    service, _, name = action.partition(":")
    if known_actions.has_resource(action):
        if service == "s3" and "Bucket" in name:
            yield _BUCKET
        if service == "iam" and ("User" in name or "AccessKey" in name):
            yield _USER
        if service in _RESOURCES:
            yield _RESOURCES[service].replace(_REGION, region or _REGION)
    yield "*"


def values(key: str) -> tuple[str, ...]:
    """Values that a condition key, in lower case, could have."""
    return _KEYS.get(key, _OTHER_VALUES)
