"""What AWS answers when something is not there or not allowed: a table over the services, by boto3 and by the AWS CLI.

An operation stands here when the tests of its service have no error for it. Where an operation takes no input that
could be wrong, the error is that of a caller whose key nobody knows (STRANGER).
"""
import pytest

from conftest import ACCOUNT, code

STRANGER = object()
UNKNOWN, UNRECOGNIZED = "InvalidClientTokenId", "UnrecognizedClientException"  # Query and REST; JSON.
ARN = f"arn:aws:%s:us-east-1:{ACCOUNT}:%s"
NO_CERTIFICATE = ARN % ("acm", "certificate/11111111-2222-3333-4444-555555555555")
NO_SECRET = "there-is-no-such-secret"
NO_LOG_GROUP = "/there/is/no/such/group"
BALANCER = ARN % ("elasticloadbalancing", "loadbalancer/app/none/0123456789abcdef")
LISTENER = ARN % ("elasticloadbalancing", "listener/app/none/0123456789abcdef/0123456789abcdef")
RULE = ARN % ("elasticloadbalancing", "listener-rule/app/none/0123456789abcdef/0123456789abcdef/0123456789abcdef")
TARGETS = ARN % ("elasticloadbalancing", "targetgroup/none/0123456789abcdef")
CLUSTER = ARN % ("ecs", "cluster/there-is-none")
ZONE = "Z00000000000000000000"
ATTRIBUTE = [{"Key": "idle_timeout.timeout_seconds", "Value": "30"}]
TAGS = [{"Key": "a", "Value": "b"}]
PERMISSION = [{"IpProtocol": "tcp", "FromPort": 1, "ToPort": 1, "IpRanges": [{"CidrIp": "0.0.0.0/0"}]}]
NO_GROUP = "sg-0123456789abcdef0"
NO_INTERFACE = "eni-0123456789abcdef0"
NO_FILTER = [{"Name": "no-such-filter", "Values": ["x"]}]
BAD_TOKEN = "this is no token"

ERRORS = [
    ("iam", "get_account_summary", STRANGER, UNKNOWN),
    # ---- s3
    ("s3", "head_bucket", {"Bucket": "there-is-no-such-bucket"}, "404"),
    ("s3", "list_buckets", STRANGER, "InvalidAccessKeyId"),
    *(("s3", operation, {"Bucket": "there-is-no-such-bucket", **more}, "NoSuchBucket") for operation, more in [
        ("get_bucket_location", {}), ("get_bucket_policy", {}), ("delete_bucket_policy", {}),
        ("get_bucket_policy_status", {}), ("get_public_access_block", {}), ("delete_public_access_block", {}),
        ("put_public_access_block", {"PublicAccessBlockConfiguration": {"BlockPublicAcls": True}}),
        ("get_bucket_cors", {}), ("delete_bucket_cors", {}),
        ("put_bucket_cors", {"CORSConfiguration": {"CORSRules": [
            {"AllowedMethods": ["GET"], "AllowedOrigins": ["*"]}]}}),
        ("get_bucket_tagging", {}), ("delete_bucket_tagging", {}), ("put_bucket_tagging", {"Tagging": {"TagSet": TAGS}}),
        ("get_bucket_encryption", {}), ("delete_bucket_encryption", {}),
        ("put_bucket_encryption", {"ServerSideEncryptionConfiguration": {"Rules": [
            {"ApplyServerSideEncryptionByDefault": {"SSEAlgorithm": "AES256"}}]}}),
        ("get_bucket_ownership_controls", {}), ("delete_bucket_ownership_controls", {}),
        ("put_bucket_ownership_controls", {"OwnershipControls": {"Rules": [{"ObjectOwnership": "BucketOwnerEnforced"}]}}),
        ("get_bucket_versioning", {}), ("get_bucket_acl", {}), ("list_objects", {}), ("list_multipart_uploads", {}),
        ("delete_objects", {"Delete": {"Objects": [{"Key": "a"}]}}), ("delete_object", {"Key": "a"}),
        ("get_object_acl", {"Key": "a"}), ("get_object_tagging", {"Key": "a"}), ("delete_object_tagging", {"Key": "a"}),
        ("put_object_tagging", {"Key": "a", "Tagging": {"TagSet": TAGS}}), ("create_multipart_upload", {"Key": "a"}),
        ("get_object_attributes", {"Key": "a", "ObjectAttributes": ["ETag"]}),
        ("copy_object", {"Key": "a", "CopySource": {"Bucket": "there-is-no-such-bucket-either", "Key": "b"}}),
        ("abort_multipart_upload", {"Key": "a", "UploadId": "none"}),
        ("upload_part", {"Key": "a", "UploadId": "none", "PartNumber": 1, "Body": b"x"}),
        ("upload_part_copy", {"Key": "a", "UploadId": "none", "PartNumber": 1,
                              "CopySource": {"Bucket": "there-is-no-such-bucket-either", "Key": "b"}})]),
    ("s3", "head_object", {"Bucket": "there-is-no-such-bucket", "Key": "a"}, "404"),
    # ---- logs
    ("logs", "describe_log_groups", {"nextToken": BAD_TOKEN}, "InvalidParameterException"),
    ("logs", "describe_log_streams", {"logGroupName": NO_LOG_GROUP}, "ResourceNotFoundException"),
    ("logs", "delete_retention_policy", {"logGroupName": NO_LOG_GROUP}, "ResourceNotFoundException"),
    ("logs", "delete_log_stream", {"logGroupName": NO_LOG_GROUP, "logStreamName": "a"}, "ResourceNotFoundException"),
    ("logs", "put_log_events", {"logGroupName": NO_LOG_GROUP, "logStreamName": "a", "logEvents": [
        {"timestamp": 1700000000000, "message": "x"}]}, "ResourceNotFoundException"),
    ("logs", "tag_resource", {"resourceArn": ARN % ("logs", "log-group:none"), "tags": {"a": "b"}},
     "ResourceNotFoundException"),
    ("logs", "untag_resource", {"resourceArn": ARN % ("logs", "log-group:none"), "tagKeys": ["a"]},
     "ResourceNotFoundException"),
    ("logs", "tag_log_group", {"logGroupName": NO_LOG_GROUP, "tags": {"a": "b"}}, "ResourceNotFoundException"),
    ("logs", "untag_log_group", {"logGroupName": NO_LOG_GROUP, "tags": ["a"]}, "ResourceNotFoundException"),
    ("logs", "list_tags_log_group", {"logGroupName": NO_LOG_GROUP}, "ResourceNotFoundException"),
    # ---- ssm
    ("ssm", "get_parameters", {"Names": [f"/p{number}" for number in range(11)]}, "ValidationException"),
    ("ssm", "delete_parameters", {"Names": [f"/p{number}" for number in range(11)]}, "ValidationException"),
    ("ssm", "get_parameters_by_path", {"Path": "no-slash"}, "ValidationException"),
    ("ssm", "get_parameter_history", {"Name": "/there/is/none"}, "ParameterNotFound"),
    ("ssm", "add_tags_to_resource", {"ResourceType": "Parameter", "ResourceId": "/there/is/none", "Tags": TAGS},
     "InvalidResourceId"),
    ("ssm", "remove_tags_from_resource", {"ResourceType": "Parameter", "ResourceId": "/there/is/none",
                                          "TagKeys": ["a"]}, "InvalidResourceId"),
    # ---- secretsmanager
    *(("secretsmanager", operation, {"SecretId": NO_SECRET, **more}, "ResourceNotFoundException") for operation, more in [
        ("describe_secret", {}), ("update_secret", {"SecretString": "x"}), ("restore_secret", {}),
        ("list_secret_version_ids", {}), ("tag_resource", {"Tags": TAGS}), ("untag_resource", {"TagKeys": ["a"]}),
        ("get_resource_policy", {}), ("delete_resource_policy", {})]),
    ("secretsmanager", "list_secrets", {"NextToken": BAD_TOKEN}, "InvalidNextTokenException"),
    ("secretsmanager", "batch_get_secret_value", {"SecretIdList": ["a"], "Filters": [{"Key": "name", "Values": ["a"]}]},
     "InvalidParameterException"),
    # ---- acm
    ("acm", "list_certificates", {"NextToken": BAD_TOKEN}, "ValidationException"),
    ("acm", "update_certificate_options", {"CertificateArn": NO_CERTIFICATE, "Options": {
        "CertificateTransparencyLoggingPreference": "DISABLED"}}, "ResourceNotFoundException"),
    ("acm", "remove_tags_from_certificate", {"CertificateArn": NO_CERTIFICATE, "Tags": TAGS}, "ResourceNotFoundException"),
    ("acm", "list_tags_for_certificate", {"CertificateArn": NO_CERTIFICATE}, "ResourceNotFoundException"),
    ("acm", "get_account_configuration", STRANGER, UNRECOGNIZED),
    ("acm", "put_account_configuration", {"IdempotencyToken": "no word!", "ExpiryEvents": {"DaysBeforeExpiry": 30}},
     "ValidationException"),
    # ---- ec2
    ("ec2", "create_vpc", {"CidrBlock": "10.0.0.0/8"}, "InvalidVpc.Range"),
    ("ec2", "modify_vpc_attribute", {"VpcId": "vpc-0123456789abcdef0", "EnableDnsSupport": {"Value": True}},
     "InvalidVpcID.NotFound"),
    ("ec2", "describe_vpc_attribute", {"VpcId": "vpc-0123456789abcdef0", "Attribute": "enableDnsSupport"},
     "InvalidVpcID.NotFound"),
    ("ec2", "disassociate_vpc_cidr_block", {"AssociationId": "vpc-cidr-assoc-0123456789abcdef0"},
     "InvalidVpcCidrBlockAssociationID.NotFound"),
    *(("ec2", f"describe_{what}", {"Filters": NO_FILTER}, "InvalidParameterValue") for what in [
        "network_acls", "dhcp_options", "route_tables", "internet_gateways", "security_groups", "security_group_rules",
        "availability_zones", "regions", "tags"]),
    *(("ec2", f"describe_{what}", {"NextToken": BAD_TOKEN}, "InvalidNextToken") for what in [
        "nat_gateways", "network_interfaces"]),
    ("ec2", "describe_addresses_attribute", {"AllocationIds": ["eipalloc-0123456789abcdef0"], "Attribute": "domain-name"},
     "InvalidAllocationID.NotFound"),
    ("ec2", "modify_subnet_attribute", {"SubnetId": "subnet-0123456789abcdef0", "MapPublicIpOnLaunch": {"Value": True}},
     "InvalidSubnetID.NotFound"),
    ("ec2", "create_route_table", {"VpcId": "vpc-0123456789abcdef0"}, "InvalidVpcID.NotFound"),
    ("ec2", "delete_route_table", {"RouteTableId": "rtb-0123456789abcdef0"}, "InvalidRouteTableID.NotFound"),
    ("ec2", "associate_route_table", {"RouteTableId": "rtb-0123456789abcdef0", "SubnetId": "subnet-0123456789abcdef0"},
     "InvalidRouteTableID.NotFound"),
    ("ec2", "replace_route_table_association", {"RouteTableId": "rtb-0123456789abcdef0",
                                                "AssociationId": "rtbassoc-0123456789abcdef0"},
     "InvalidAssociationID.NotFound"),
    ("ec2", "replace_route", {"RouteTableId": "rtb-0123456789abcdef0", "DestinationCidrBlock": "0.0.0.0/0",
                              "GatewayId": "igw-0123456789abcdef0"}, "InvalidRouteTableID.NotFound"),
    ("ec2", "create_internet_gateway", {"TagSpecifications": [{"ResourceType": "vpc", "Tags": TAGS}]},
     "InvalidParameterValue"),
    ("ec2", "delete_internet_gateway", {"InternetGatewayId": "igw-0123456789abcdef0"}, "InvalidInternetGatewayID.NotFound"),
    ("ec2", "attach_internet_gateway", {"InternetGatewayId": "igw-0123456789abcdef0", "VpcId": "vpc-0123456789abcdef0"},
     "InvalidInternetGatewayID.NotFound"),
    ("ec2", "create_nat_gateway", {"SubnetId": "subnet-0123456789abcdef0", "ConnectivityType": "private"},
     "InvalidSubnetID.NotFound"),
    ("ec2", "delete_nat_gateway", {"NatGatewayId": "nat-0123456789abcdef0"}, "NatGatewayNotFound"),
    ("ec2", "associate_address", {"AllocationId": "eipalloc-0123456789abcdef0", "NetworkInterfaceId": NO_INTERFACE},
     "InvalidAllocationID.NotFound"),
    ("ec2", "disassociate_address", {"AssociationId": "eipassoc-0123456789abcdef0"}, "InvalidAssociationID.NotFound"),
    *(("ec2", operation, {"GroupId": NO_GROUP, **more}, "InvalidGroup.NotFound") for operation, more in [
        ("authorize_security_group_egress", {"IpPermissions": PERMISSION}),
        ("revoke_security_group_egress", {"IpPermissions": PERMISSION}),
        ("modify_security_group_rules", {"SecurityGroupRules": [{
            "SecurityGroupRuleId": "sgr-0123456789abcdef0",
            "SecurityGroupRule": {"IpProtocol": "tcp", "FromPort": 1, "ToPort": 1, "CidrIpv4": "10.0.0.0/8"}}]}),
        ("update_security_group_rule_descriptions_ingress", {"IpPermissions": PERMISSION}),
        ("update_security_group_rule_descriptions_egress", {"IpPermissions": PERMISSION})]),
    ("ec2", "create_network_interface", {"SubnetId": "subnet-0123456789abcdef0"}, "InvalidSubnetID.NotFound"),
    *(("ec2", operation, {"NetworkInterfaceId": NO_INTERFACE, **more}, "InvalidNetworkInterfaceID.NotFound")
      for operation, more in [
          ("modify_network_interface_attribute", {"Description": {"Value": "x"}}),
          ("describe_network_interface_attribute", {"Attribute": "description"}),
          ("assign_private_ip_addresses", {"SecondaryPrivateIpAddressCount": 1}),
          ("unassign_private_ip_addresses", {"PrivateIpAddresses": ["10.0.0.9"]})]),
    ("ec2", "describe_account_attributes", {"AttributeNames": ["no-such-attribute"]}, "InvalidParameterValue"),
    ("ec2", "delete_tags", {"Resources": ["vpc-0123456789abcdef0"], "Tags": TAGS}, "InvalidVpcID.NotFound"),
    # ---- ecr
    *(("ecr", operation, {"repositoryName": "there/is/none", **more}, "RepositoryNotFoundException")
      for operation, more in [
          ("put_image_scanning_configuration", {"imageScanningConfiguration": {"scanOnPush": True}}),
          ("batch_get_image", {"imageIds": [{"imageTag": "a"}]}), ("batch_delete_image", {"imageIds": [{"imageTag": "a"}]}),
          ("list_images", {}), ("batch_check_layer_availability", {"layerDigests": ["sha256:" + "0" * 64]}),
          ("initiate_layer_upload", {})]),
    ("ecr", "untag_resource", {"resourceArn": ARN % ("ecr", "repository/there/is/none"), "tagKeys": ["a"]},
     "RepositoryNotFoundException"),
    ("ecr", "describe_registry", STRANGER, UNRECOGNIZED),
    ("ecr", "get_authorization_token", STRANGER, UNRECOGNIZED),
    # ---- ecs
    ("ecs", "describe_clusters", {"clusters": [f"c{number}" for number in range(101)]}, "InvalidParameterException"),
    ("ecs", "list_clusters", {"nextToken": BAD_TOKEN}, "InvalidParameterException"),
    ("ecs", "update_cluster", {"cluster": CLUSTER}, "ClusterNotFoundException"),
    ("ecs", "update_cluster_settings", {"cluster": CLUSTER, "settings": [
        {"name": "containerInsights", "value": "enabled"}]}, "ClusterNotFoundException"),
    ("ecs", "describe_capacity_providers", {"nextToken": BAD_TOKEN}, "InvalidParameterException"),
    ("ecs", "deregister_task_definition", {"taskDefinition": "none:1"}, "ClientException"),
    ("ecs", "list_task_definitions", {"nextToken": BAD_TOKEN}, "InvalidParameterException"),
    ("ecs", "list_task_definition_families", {"nextToken": BAD_TOKEN}, "InvalidParameterException"),
    ("ecs", "delete_task_definitions", {"taskDefinitions": [f"t:{number}" for number in range(1, 12)]},
     "InvalidParameterException"),
    ("ecs", "describe_tasks", {"cluster": CLUSTER, "tasks": ["0" * 32]}, "ClusterNotFoundException"),
    ("ecs", "describe_services", {"cluster": CLUSTER, "services": ["a"]}, "ClusterNotFoundException"),
    ("ecs", "list_services", {"cluster": CLUSTER}, "ClusterNotFoundException"),
    ("ecs", "untag_resource", {"resourceArn": CLUSTER, "tagKeys": ["a"]}, "ResourceNotFoundException"),
    ("ecs", "list_account_settings", {"nextToken": BAD_TOKEN}, "InvalidParameterException"),
    ("ecs", "put_account_setting_default", {"name": "containerInsights", "value": "perhaps"}, "InvalidParameterException"),
    ("ecs", "delete_account_setting", {"name": "containerInsights", "principalArn": "not an arn"},
     "InvalidParameterException"),
    # ---- elbv2
    *(("elbv2", operation, {"LoadBalancerArn": BALANCER, **more}, "LoadBalancerNotFound") for operation, more in [
        ("describe_load_balancer_attributes", {}), ("modify_load_balancer_attributes", {"Attributes": ATTRIBUTE}),
        ("set_security_groups", {"SecurityGroups": [NO_GROUP]}), ("set_subnets", {"Subnets": ["subnet-0123456789abcdef0"]}),
        ("set_ip_address_type", {"IpAddressType": "ipv4"}), ("describe_listeners", {})]),
    ("elbv2", "delete_load_balancer", {"LoadBalancerArn": "no arn"}, "ValidationError"),
    ("elbv2", "describe_account_limits", {"Marker": BAD_TOKEN}, "ValidationError"),
    ("elbv2", "describe_ssl_policies", {"Names": ["there-is-none"]}, "SSLPolicyNotFound"),
    *(("elbv2", operation, {"ListenerArn": LISTENER, **more}, "ListenerNotFound") for operation, more in [
        ("delete_listener", {}), ("modify_listener", {"Port": 81}), ("describe_listener_attributes", {}),
        ("modify_listener_attributes", {"Attributes": [{"Key": "routing.http.response.server.enabled", "Value": "false"}]}),
        ("add_listener_certificates", {"Certificates": [{"CertificateArn": NO_CERTIFICATE}]}),
        ("remove_listener_certificates", {"Certificates": [{"CertificateArn": NO_CERTIFICATE}]}),
        ("describe_listener_certificates", {})]),
    ("elbv2", "delete_rule", {"RuleArn": RULE}, "RuleNotFound"),
    ("elbv2", "modify_rule", {"RuleArn": RULE, "Actions": [
        {"Type": "fixed-response", "FixedResponseConfig": {"StatusCode": "200"}}]}, "RuleNotFound"),
    ("elbv2", "set_rule_priorities", {"RulePriorities": [{"RuleArn": RULE, "Priority": 1}]}, "RuleNotFound"),
    ("elbv2", "describe_target_groups", {"Names": ["there-is-none"]}, "TargetGroupNotFound"),
    *(("elbv2", operation, {"TargetGroupArn": TARGETS, **more}, "TargetGroupNotFound") for operation, more in [
        ("modify_target_group", {"HealthCheckPath": "/"}), ("describe_target_group_attributes", {}),
        ("modify_target_group_attributes", {"Attributes": [{"Key": "stickiness.enabled", "Value": "false"}]}),
        ("deregister_targets", {"Targets": [{"Id": "10.0.0.1"}]}), ("describe_target_health", {})]),
    ("elbv2", "add_tags", {"ResourceArns": [BALANCER], "Tags": TAGS}, "LoadBalancerNotFound"),
    ("elbv2", "remove_tags", {"ResourceArns": [BALANCER], "TagKeys": ["a"]}, "LoadBalancerNotFound"),
    # ---- rds
    ("rds", "modify_db_subnet_group", {"DBSubnetGroupName": "none", "SubnetIds": ["subnet-0123456789abcdef0"]},
     "DBSubnetGroupNotFoundFault"),
    ("rds", "describe_db_subnet_groups", {"DBSubnetGroupName": "none"}, "DBSubnetGroupNotFoundFault"),
    ("rds", "delete_db_subnet_group", {"DBSubnetGroupName": "none"}, "DBSubnetGroupNotFoundFault"),
    ("rds", "create_db_cluster_parameter_group", {"DBClusterParameterGroupName": "p", "Description": "x",
                                                  "DBParameterGroupFamily": "no-family"}, "InvalidParameterValue"),
    ("rds", "create_db_parameter_group", {"DBParameterGroupName": "p", "Description": "x",
                                          "DBParameterGroupFamily": "no-family"}, "InvalidParameterValue"),
    *(("rds", f"{verb}_db_{kind}group{plural}", {f"DB{word}GroupName": "none", **more}, "DBParameterGroupNotFound")
      for kind, word in (("cluster_parameter_", "ClusterParameter"), ("parameter_", "Parameter"))
      for verb, plural, more in (("describe", "s", {}), ("delete", "", {}), ("reset", "", {"ResetAllParameters": True}))
      if not (kind == "cluster_parameter_" and verb == "delete")),
    ("rds", "delete_db_cluster_parameter_group", {"DBClusterParameterGroupName": "none"}, "DBParameterGroupNotFound"),
    ("rds", "describe_engine_default_cluster_parameters", {"DBParameterGroupFamily": "no-family"}, "InvalidParameterValue"),
    ("rds", "describe_engine_default_parameters", {"DBParameterGroupFamily": "no-family"}, "InvalidParameterValue"),
    ("rds", "modify_db_cluster", {"DBClusterIdentifier": "none"}, "DBClusterNotFoundFault"),
    ("rds", "reboot_db_cluster", {"DBClusterIdentifier": "none"}, "DBClusterNotFoundFault"),
    ("rds", "describe_db_cluster_endpoints", {"DBClusterIdentifier": "none"}, "DBClusterNotFoundFault"),
    *(("rds", f"{verb}_db_instance{plural}", {"DBInstanceIdentifier": "none"}, "DBInstanceNotFound")
      for verb, plural in (("describe", "s"), ("modify", ""), ("reboot", ""))),
    ("rds", "describe_db_engine_versions", {"Marker": BAD_TOKEN}, "InvalidParameterValue"),
    *(("rds", operation, {"ResourceName": ARN % ("rds", "cluster:none"), **more}, "DBClusterNotFoundFault")
      for operation, more in (("add_tags_to_resource", {"Tags": TAGS}), ("list_tags_for_resource", {}),
                              ("remove_tags_from_resource", {"TagKeys": ["a"]}))),
    ("rds", "describe_events", {"SourceIdentifier": "a"}, "InvalidParameterCombination"),
    # ---- route53
    ("route53", "list_hosted_zones", {"DelegationSetId": "N00000000000000000000"}, "NoSuchDelegationSet"),
    ("route53", "list_hosted_zones_by_name", {"HostedZoneId": ZONE}, "InvalidInput"),
    ("route53", "list_hosted_zones_by_vpc", {"VPCId": "vpc-0123456789abcdef0", "VPCRegion": "us-east-1",
                                             "NextToken": BAD_TOKEN}, "InvalidPaginationToken"),
    ("route53", "get_hosted_zone_count", STRANGER, UNKNOWN),
    ("route53", "update_hosted_zone_comment", {"Id": ZONE, "Comment": "x"}, "NoSuchHostedZone"),
    ("route53", "list_resource_record_sets", {"HostedZoneId": ZONE}, "NoSuchHostedZone"),
    ("route53", "test_dns_answer", {"HostedZoneId": ZONE, "RecordName": "a.example.com", "RecordType": "A"},
     "NoSuchHostedZone"),
    ("route53", "change_tags_for_resource", {"ResourceType": "hostedzone", "ResourceId": ZONE, "AddTags": TAGS},
     "NoSuchHostedZone"),
    ("route53", "list_tags_for_resources", {"ResourceType": "hostedzone", "ResourceIds": [ZONE]}, "NoSuchHostedZone"),
    ("route53", "get_account_limit", {"Type": "MAX_WISHES_BY_OWNER"}, "InvalidInput"),
    # ---- cloudfront
    ("cloudfront", "list_distributions", {"Marker": BAD_TOKEN}, "InvalidArgument"),
    ("cloudfront", "list_distributions_by_cache_policy_id", {"CachePolicyId": "there-is-none"}, "NoSuchCachePolicy"),
    ("cloudfront", "list_distributions_by_origin_request_policy_id", {"OriginRequestPolicyId": "there-is-none"},
     "NoSuchOriginRequestPolicy"),
    ("cloudfront", "list_invalidations", {"DistributionId": "E0000000000000"}, "NoSuchDistribution"),
    ("cloudfront", "list_origin_access_controls", {"Marker": BAD_TOKEN}, "InvalidArgument"),
    ("cloudfront", "list_cache_policies", {"Marker": BAD_TOKEN}, "InvalidArgument"),
    ("cloudfront", "list_origin_request_policies", {"Marker": BAD_TOKEN}, "InvalidArgument"),
    ("cloudfront", "get_origin_request_policy_config", {"Id": "there-is-none"}, "NoSuchOriginRequestPolicy"),
    ("cloudfront", "update_origin_request_policy", {"Id": "there-is-none", "IfMatch": "E1", "OriginRequestPolicyConfig": {
        "Name": "n", "HeadersConfig": {"HeaderBehavior": "none"}, "CookiesConfig": {"CookieBehavior": "none"},
        "QueryStringsConfig": {"QueryStringBehavior": "none"}}}, "NoSuchOriginRequestPolicy"),
    ("cloudfront", "untag_resource", {"Resource": f"arn:aws:cloudfront::{ACCOUNT}:distribution/E0000000000000",
                                      "TagKeys": {"Items": ["a"]}}, "NoSuchResource"),
    ("cloudfront", "create_distribution_with_tags", {"DistributionConfigWithTags": {
        "DistributionConfig": {
            "CallerReference": "c", "Comment": "", "Enabled": True, "Origins": {"Quantity": 1, "Items": [
                {"Id": "one", "DomainName": "example.com", "CustomOriginConfig": {
                    "HTTPPort": 80, "HTTPSPort": 443, "OriginProtocolPolicy": "http-only"}}]},
            "DefaultCacheBehavior": {"TargetOriginId": "two", "ViewerProtocolPolicy": "allow-all",
                                     "CachePolicyId": "658327ea-f89d-4fab-a63d-7e88639e58f6"}},
        "Tags": {"Items": TAGS}}}, "NoSuchOrigin"),
    # ---- cloudformation
    *(("cloudformation", operation, {"StackName": "there-is-none", **more}, "ValidationError") for operation, more in [
        ("update_termination_protection", {"EnableTerminationProtection": True}), ("describe_stack_events", {}),
        ("describe_stack_resource", {"LogicalResourceId": "A"}), ("describe_stack_resources", {}),
        ("list_stack_resources", {}), ("get_template", {}), ("get_template_summary", {}), ("list_change_sets", {}),
        ("create_change_set", {"ChangeSetName": "c", "UsePreviousTemplate": True})]),
    ("cloudformation", "list_stacks", {"NextToken": BAD_TOKEN}, "ValidationError"),
    ("cloudformation", "list_exports", {"NextToken": BAD_TOKEN}, "ValidationError"),
    ("cloudformation", "list_imports", {"ExportName": "there-is-none"}, "ValidationError"),
    ("cloudformation", "delete_change_set", {"StackName": "there-is-none", "ChangeSetName": "c"}, "ValidationError"),
]


def label(row):
    return f"{row[0]}-{row[1]}" if isinstance(row, tuple) else None


@pytest.mark.parametrize("row", ERRORS, ids=label)
def test_the_error_of(unkai, via, row):
    service, operation, arguments, wanted = row
    options = {"keys": ("AKIA" + "2" * 16, "unknown")} if arguments is STRANGER else {}
    client = unkai.client(service, via=via, **options)
    assert code(getattr(client, operation), **({} if arguments is STRANGER else arguments)) == wanted
