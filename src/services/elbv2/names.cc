#include "services/elbv2/names.h"

#include <array>

#include "base/strings.h"

namespace unkai::services::elbv2 {

namespace {

constexpr size_t longest = 32;

// https://docs.aws.amazon.com/general/latest/gr/elb.html
constexpr std::array<std::pair<std::string_view, std::string_view>, 17> zones = {{
    {"us-east-1", "Z35SXDOTRQ7X7K"},
    {"us-east-2", "Z3AADJGX6KTTL2"},
    {"us-west-1", "Z368ELLRRE2KJ0"},
    {"us-west-2", "Z1H1FL5HABSF5"},
    {"ap-south-1", "ZP97RAFLXTNZK"},
    {"ap-northeast-1", "Z14GRHDCWA56QT"},
    {"ap-northeast-2", "ZWKZPGTI48KDX"},
    {"ap-northeast-3", "Z5LXEXXYW11ES"},
    {"ap-southeast-1", "Z1LMS91P8CMLE5"},
    {"ap-southeast-2", "Z1GM3OXH4ZPM65"},
    {"ca-central-1", "ZQSVJUPU6J1EY"},
    {"eu-central-1", "Z215JYRZR1TBD5"},
    {"eu-west-1", "Z32O12XQLNTSW2"},
    {"eu-west-2", "ZHURV8PSTC4K8"},
    {"eu-west-3", "Z3Q77PNBQS71R4"},
    {"eu-north-1", "Z23TAZ6LKFMNIO"},
    {"sa-east-1", "Z2P70J7HTTTPLU"},
}};

// What lies before the last slash, with the resource's type changed.
std::string parent(std::string_view arn, std::string_view type, std::string_view parent_type) {
    const size_t at = arn.find(type);
    const size_t last = arn.rfind('/');
    if (at == std::string_view::npos || last <= at + type.size()) return {};
    return std::string(arn.substr(0, at)) + std::string(parent_type) +
           std::string(arn.substr(at + type.size(), last - at - type.size()));
}

}  // namespace

Status check_name(std::string_view kind, std::string_view name) {
    const std::string what = std::string(kind) + " name '" + std::string(name) + "' ";
    if (name.empty() || name.size() > longest)
        return fail("ValidationError", what + "cannot be longer than '32' characters", 400);
    for (const char c : name)
        if (!((c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
              c == '-'))
            return fail("ValidationError",
                        what +
                            "can only contain characters that are alphanumeric characters and "
                            "hyphens(-)",
                        400);
    if (name.front() == '-' || name.back() == '-')
        return fail("ValidationError", what + "cannot begin or end with a hyphen(-)", 400);
    return ok();
}

std::string path_of(std::string_view arn) {
    const size_t at = arn.find(":loadbalancer/");
    return at == std::string_view::npos ? std::string{} : std::string(arn.substr(at + 14));
}

std::string listener_of_rule(std::string_view arn) {
    return parent(arn, ":listener-rule/", ":listener/");
}

std::string balancer_of_listener(std::string_view arn) {
    return parent(arn, ":listener/", ":loadbalancer/");
}

std::string dns_name(std::string_view name, std::string_view digits, std::string_view region,
                     bool internal) {
    return (internal ? "internal-" : "") + std::string(name) + "-" + std::string(digits) + "." +
           std::string(region) + ".elb.amazonaws.com";
}

std::string_view hosted_zone(std::string_view region) {
    for (const auto& [name, zone] : zones)
        if (name == region) return zone;
    return "Z35SXDOTRQ7X7K";
}

}  // namespace unkai::services::elbv2
