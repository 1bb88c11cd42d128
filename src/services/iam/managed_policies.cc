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
    {"/ReadOnlyAccess", ALLOW(R"(["*:Describe*","*:Get*","*:List*"])")},
    {"/AWSCloudFormationReadOnlyAccess",
     ALLOW(R"(["cloudformation:Describe*","cloudformation:EstimateTemplateCost",)"
           R"("cloudformation:Get*","cloudformation:List*","cloudformation:ValidateTemplate",)"
           R"("cloudformation:Detect*"])")},
    {"/CloudWatchReadOnlyAccess",
     ALLOW(R"(["application-autoscaling:DescribeScalingPolicies","cloudwatch:Describe*",)"
           R"("cloudwatch:Get*","cloudwatch:List*","logs:Get*","logs:List*","logs:Describe*",)"
           R"("logs:FilterLogEvents","sns:Get*","sns:List*"])")},
    {"/CloudWatchFullAccess", ALLOW(R"(["cloudwatch:*","logs:*","sns:*"])")},
    {"/AmazonSNSFullAccess", ALLOW(R"(["sns:*"])")},
    {"/AmazonSQSFullAccess", ALLOW(R"(["sqs:*"])")},
    {"/AmazonEventBridgeFullAccess", ALLOW(R"(["events:*","scheduler:*"])")},
    {"/AmazonEC2ContainerRegistryReadOnly",
     ALLOW(R"(["ecr:GetAuthorizationToken","ecr:BatchCheckLayerAvailability",)"
           R"("ecr:GetDownloadUrlForLayer","ecr:GetRepositoryPolicy","ecr:DescribeRepositories",)"
           R"("ecr:ListImages","ecr:DescribeImages","ecr:BatchGetImage"])")},
    {"/AmazonSSMReadOnlyAccess", ALLOW(R"(["ssm:Describe*","ssm:Get*","ssm:List*"])")},
    {"/AWSLambda_FullAccess", ALLOW(R"(["lambda:*","logs:*","iam:PassRole"])")},
    {"/AWSLambda_ReadOnlyAccess", ALLOW(R"(["lambda:Get*","lambda:List*","logs:Describe*"])")},
    {"/service-role/AWSLambdaRole", ALLOW(R"(["lambda:InvokeFunction"])")},
    {"/service-role/AmazonAPIGatewayPushToCloudWatchLogs",
     ALLOW(R"(["logs:CreateLogGroup","logs:CreateLogStream","logs:DescribeLogGroups",)"
           R"("logs:DescribeLogStreams","logs:PutLogEvents","logs:GetLogEvents",)"
           R"("logs:FilterLogEvents"])")},
    {"/service-role/AmazonEC2ContainerServiceEventsRole",
     ALLOW(R"(["ecs:RunTask","iam:PassRole"])")},
    {"/CloudWatchLambdaInsightsExecutionRolePolicy",
     ALLOW(R"(["logs:CreateLogGroup","logs:CreateLogStream","logs:PutLogEvents"])")},
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
