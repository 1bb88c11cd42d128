// Security policies of HTTPS listeners: names that AWS has and Unkai carries out as TLS 1.2
// and 1.3. ALB guide, describe-ssl-policies.
#pragma once

#include <array>
#include <string>
#include <string_view>

namespace unkai::services::elbv2 {

inline const std::string default_policy = "ELBSecurityPolicy-2016-08";

struct Policy {
    std::string_view name;
    bool tls13;  // Beside TLS 1.2.
};
// Policies that allow TLS 1.0 or 1.1 are known; what such a client asks for is refused all the
// same.
inline constexpr std::array<Policy, 8> policies = {{
    {"ELBSecurityPolicy-2016-08", false},
    {"ELBSecurityPolicy-TLS13-1-2-2021-06", true},
    {"ELBSecurityPolicy-TLS13-1-2-Res-2021-06", true},
    {"ELBSecurityPolicy-TLS13-1-2-Ext1-2021-06", true},
    {"ELBSecurityPolicy-TLS13-1-2-Ext2-2021-06", true},
    {"ELBSecurityPolicy-TLS-1-2-2017-01", false},
    {"ELBSecurityPolicy-TLS-1-2-Ext-2018-06", false},
    {"ELBSecurityPolicy-FS-1-2-Res-2020-10", false},
}};

inline bool is_policy(std::string_view name) {
    for (const Policy& policy : policies)
        if (policy.name == name) return true;
    return false;
}

}  // namespace unkai::services::elbv2
