// ARNs and DNS names of load balancers, as AWS spells them. Pure.
#pragma once

#include <string>

#include "base/result.h"

namespace unkai::services::elbv2 {

// ≤ 32 letters, digits and hyphens, none of these first or last.
Status check_name(std::string_view kind, std::string_view name);

// "app/site/0123456789abcdef" of
// arn:aws:elasticloadbalancing:…:loadbalancer/app/site/0123456789abcdef
std::string path_of(std::string_view arn);
// The listener's ARN of a rule's, the load balancer's of a listener's. Empty if it is none.
std::string listener_of_rule(std::string_view arn);
std::string balancer_of_listener(std::string_view arn);

// site-1234567890.us-east-1.elb.amazonaws.com, internal-site-… for internal ones.
std::string dns_name(std::string_view name, std::string_view digits, std::string_view region,
                     bool internal);
// Route 53's zone of the region's load balancers, the target of aliases.
std::string_view hosted_zone(std::string_view region);

}  // namespace unkai::services::elbv2
