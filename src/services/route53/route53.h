// Amazon Route 53: hosted zones and their records, answered by Unkai's own DNS servers.
//
// https://docs.aws.amazon.com/Route53/latest/APIReference/
// Operations write records; the publisher (publisher.h) brings them to the DNS plane. A change is
// PENDING until every server answers from it, which takes milliseconds, then INSYNC.
#pragma once

#include "api/route53.h"
#include "aws/client.h"
#include "services/route53/health_monitor.h"
#include "services/route53/publisher.h"
#include "services/route53/record_rules.h"
#include "services/route53/schema.h"

namespace unkai::services::route53 {

using namespace api::route53;

class Route53 final : public api::route53::Service {
public:
    // `client` finds VPCs (ec2); health checks come from `checker_address`. All outlive this.
    Route53(aws::Client& client, const Publisher& publisher, const HealthMonitor& monitor,
            std::string checker_address)
        : client_(client),
          publisher_(publisher),
          monitor_(monitor),
          checker_address_(std::move(checker_address)) {}

#define OPERATION(Name) Result<Name##Output> Name(aws::Call& call, const Name##Input& in) override
#define WAITING_OPERATION(Name) \
    Task<Result<Name##Output>> Name(aws::Call& call, const Name##Input& in) override
    // zone_ops.cc
    WAITING_OPERATION(CreateHostedZone);
    OPERATION(GetHostedZone);
    OPERATION(ListHostedZones);
    OPERATION(ListHostedZonesByName);
    OPERATION(GetHostedZoneCount);
    OPERATION(UpdateHostedZoneComment);
    OPERATION(DeleteHostedZone);
    OPERATION(GetAccountLimit);
    OPERATION(GetHostedZoneLimit);
    // vpc_ops.cc
    WAITING_OPERATION(AssociateVPCWithHostedZone);
    OPERATION(DisassociateVPCFromHostedZone);
    OPERATION(ListHostedZonesByVPC);
    // record_ops.cc
    OPERATION(ChangeResourceRecordSets);
    OPERATION(ListResourceRecordSets);
    OPERATION(GetChange);
    OPERATION(TestDNSAnswer);
    // health_check_ops.cc
    OPERATION(CreateHealthCheck);
    OPERATION(GetHealthCheck);
    OPERATION(ListHealthChecks);
    OPERATION(UpdateHealthCheck);
    OPERATION(DeleteHealthCheck);
    OPERATION(GetHealthCheckStatus);
    OPERATION(GetHealthCheckLastFailureReason);
    OPERATION(GetHealthCheckCount);
    OPERATION(GetCheckerIpRanges);
    // tag_ops.cc
    OPERATION(ChangeTagsForResource);
    OPERATION(ListTagsForResource);
    OPERATION(ListTagsForResources);
#undef OPERATION
#undef WAITING_OPERATION

private:
    // InvalidVPCId unless ec2 knows it in that region.
    Task<Status> check_vpc(aws::Caller caller, VPC vpc);

    aws::Client& client_;
    const Publisher& publisher_;
    const HealthMonitor& monitor_;
    std::string checker_address_;
};

// Shared by the operations' files.
Result<Zone> find_zone(aws::Call& call,
                       std::string_view id);  // Takes "/hostedzone/Z1" too. NoSuchHostedZone
Result<HealthCheckRecord> find_health_check(aws::Call& call, const std::string& id);
std::vector<HealthCheckRecord> health_checks_of(aws::Call& call);  // The account's, by id.
std::vector<Zone> zones_of(aws::Call& call);                       // The account's, by id.
HostedZone describe_zone(const Zone& zone);
// Writes a change record, PENDING from the commit on.
ChangeInfo new_change(aws::Call& call, const std::optional<std::string>& comment = std::nullopt);
// A list's length as the API takes it: text. InvalidInput unless a positive number.
Result<size_t> page_size(const std::optional<std::string>& text, size_t most);
// Refuses a private zone that would collide with another one that this VPC sees.
Status check_conflicts(aws::Call& call, const Zone& zone, const std::string& vpc);

}  // namespace unkai::services::route53
