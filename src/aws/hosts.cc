#include "aws/hosts.h"

#include <algorithm>
#include <array>

#include "base/strings.h"

namespace unkai::aws {

namespace {

constexpr std::array<std::string_view, 3> domains = {".amazonaws.com",
                                                     ".localhost.localstack.cloud", ".localhost"};

// What stands before one of our domains, lower case; nullopt when none fits.
std::optional<std::string> below_domain(std::string_view host) {
    const std::string lower = to_lower(host);
    for (const std::string_view domain : domains)
        if (lower.ends_with(domain)) return lower.substr(0, lower.size() - domain.size());
    return std::nullopt;
}

bool looks_like_region(std::string_view label) {
    const size_t dash = label.rfind('-');
    return dash != std::string_view::npos && dash + 2 == label.size() && label.back() >= '1' &&
           label.back() <= '9' && dash > 3;
}

}  // namespace

bool is_allowed_host(std::string_view host, const std::vector<std::string>& own) {
    const std::string lower = to_lower(host);
    if (lower == "localhost" || lower == "127.0.0.1" || lower == "[::1]" ||
        lower == "localhost.localstack.cloud")
        return true;
    if (below_domain(lower)) return true;
    return std::any_of(own.begin(), own.end(), [&](const std::string& name) {
        return lower == name || (name.starts_with('.') && lower.ends_with(name));
    });
}

bool is_allowed_origin(std::string_view origin) {
    if (origin.empty()) return true;
    const size_t scheme = origin.find("://");
    if (scheme == std::string_view::npos) return false;  // "null" too.
    const std::string_view name = origin.substr(0, scheme);
    if (name != "http" && name != "https") return false;
    std::string_view host = origin.substr(scheme + 3);
    if (host.starts_with('['))
        return host.starts_with("[::1]") && (host.size() == 5 || host[5] == ':');
    host = host.substr(0, host.find(':'));
    return host == "localhost" || host == "127.0.0.1" || host.ends_with(".localhost");
}

std::string_view service_label(std::string_view host) {
    for (const std::string_view domain : domains) {
        if (!host.ends_with(domain)) continue;
        host.remove_suffix(domain.size());
        const auto labels = split(host, '.');
        // The service is the last label that is not a region.
        for (auto it = labels.rbegin(); it != labels.rend(); ++it)
            if (!looks_like_region(*it)) return *it;
    }
    return {};
}

std::optional<std::string> virtual_bucket(std::string_view host, bool surely_s3) {
    const auto before = below_domain(host);
    if (!before) return std::nullopt;
    const auto labels = split(*before, '.');
    for (size_t i = labels.size(); i-- > 0;) {
        if (labels[i] != "s3" && !labels[i].starts_with("s3-")) continue;
        if (i == 0) return std::nullopt;  // Path style: s3.amazonaws.com
        // Everything before is the bucket, dots included.
        return before->substr(0, static_cast<size_t>(labels[i].data() - before->data()) - 1);
    }
    if (surely_s3 && to_lower(host).ends_with(".localhost")) return *before;
    return std::nullopt;
}

}  // namespace unkai::aws
