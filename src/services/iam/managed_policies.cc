#include "services/iam/managed_policies.h"

namespace unkai::services::iam {

#define ALLOW(actions)                                                            \
    R"({"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":)" actions \
    R"(,"Resource":"*"}]})"

static constexpr ManagedPolicy policies[] = {
    {"/AdministratorAccess", ALLOW(R"("*")")},
    {"/PowerUserAccess",
     R"({"Version":"2012-10-17","Statement":[{"Effect":"Allow","NotAction":["iam:*","organizations:*",)"
     R"("account:*"],"Resource":"*"}]})"},
    {"/service-role/AmazonECSTaskExecutionRolePolicy",
     ALLOW(
         R"(["ecr:GetAuthorizationToken","ecr:BatchCheckLayerAvailability","ecr:GetDownloadUrlForLayer",)"
         R"("ecr:BatchGetImage","logs:CreateLogStream","logs:PutLogEvents"])")},
    {"/service-role/AWSLambdaBasicExecutionRole",
     ALLOW(R"(["logs:CreateLogGroup","logs:CreateLogStream","logs:PutLogEvents"])")},
    {"/service-role/AWSLambdaVPCAccessExecutionRole",
     ALLOW(
         R"(["logs:CreateLogGroup","logs:CreateLogStream","logs:PutLogEvents",)"
         R"("ec2:CreateNetworkInterface","ec2:DescribeNetworkInterfaces","ec2:DescribeSubnets",)"
         R"("ec2:DeleteNetworkInterface","ec2:AssignPrivateIpAddresses","ec2:UnassignPrivateIpAddresses"])")},
    {"/service-role/AWSLambdaSQSQueueExecutionRole",
     ALLOW(
         R"(["sqs:ReceiveMessage","sqs:DeleteMessage","sqs:GetQueueAttributes","logs:CreateLogGroup",)"
         R"("logs:CreateLogStream","logs:PutLogEvents"])")},
    {"/service-role/AmazonRDSEnhancedMonitoringRole",
     ALLOW(
         R"(["logs:CreateLogGroup","logs:PutRetentionPolicy","logs:CreateLogStream","logs:PutLogEvents",)"
         R"("logs:DescribeLogStreams","logs:GetLogEvents"])")},
    {"/AmazonS3ReadOnlyAccess", ALLOW(R"(["s3:Get*","s3:List*","s3:Describe*"])")},
    {"/AmazonS3FullAccess", ALLOW(R"(["s3:*","s3-object-lambda:*"])")},
    {"/CloudWatchLogsFullAccess", ALLOW(R"(["logs:*"])")},
};

#undef ALLOW

const ManagedPolicy* find_managed_policy(std::string_view arn) {
    constexpr std::string_view prefix = "arn:aws:iam::aws:policy";
    if (!arn.starts_with(prefix)) return nullptr;
    arn.remove_prefix(prefix.size());
    for (const ManagedPolicy& policy : policies)
        if (policy.path_and_name == arn) return &policy;
    return nullptr;
}

}  // namespace unkai::services::iam
