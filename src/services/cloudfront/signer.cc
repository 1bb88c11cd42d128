#include "services/cloudfront/signer.h"

#include "aws/sigv4.h"
#include "base/strings.h"

namespace unkai::services::cloudfront {

std::optional<std::string> s3_region(std::string_view host) {
    constexpr std::string_view domain = ".amazonaws.com";
    const std::string lower = to_lower(host);
    if (!lower.ends_with(domain)) return std::nullopt;
    const std::string_view before = std::string_view(lower).substr(0, lower.size() - domain.size());
    const auto labels = split(before, '.');
    for (size_t at = labels.size(); at-- > 1;) {
        const std::string_view label = labels[at];
        if (label == "s3" && at + 1 == labels.size()) return "us-east-1";
        // photos.s3.eu-west-1, photos.s3.dualstack.eu-west-1
        if (label == "s3") return std::string(labels.back());
        if (label.starts_with("s3-website")) return std::nullopt;
        if (label.starts_with("s3-") && at + 1 == labels.size())
            return std::string(label.substr(3));
    }
    return std::nullopt;
}

void Signer::set(std::map<std::string, aws::Session> sessions) {
    const std::lock_guard lock(mutex_);
    sessions_ = std::move(sessions);
}

void Signer::sign(const planes::cdn::SigningRequest& request, net::Headers& headers) const {
    sign_at(request, Loop::current()->now(), headers);
}

void Signer::sign_at(const planes::cdn::SigningRequest& request, Time now,
                     net::Headers& headers) const {
    aws::Session session;
    {
        const std::lock_guard lock(mutex_);
        const auto found = sessions_.find(std::string(request.signer));
        if (found == sessions_.end()) return;
        session = found->second;
    }
    constexpr std::string_view unsigned_payload = "UNSIGNED-PAYLOAD";
    const std::string timestamp = basic_iso8601(now);
    headers.remove("authorization");
    headers.set("x-amz-date", timestamp);
    headers.set("x-amz-security-token", session.token);
    headers.set("x-amz-content-sha256", unsigned_payload);
    const auto [path, query] = split_once(request.target, '?');
    aws::sigv4::Request signed_part{request.method, path, query, {}};
    std::map<std::string, std::string> signed_headers;
    for (const auto& field : headers) {
        const std::string name = to_lower(field.name);
        if (name == "host" || name.starts_with("x-amz-"))
            signed_headers[name] = headers.joined(name);
    }
    for (const auto& [name, value] : signed_headers) signed_part.headers.emplace_back(name, value);
    headers.set("authorization",
                aws::sigv4::authorization(signed_part, session.access_key_id, session.secret,
                                          s3_region(request.host).value_or("us-east-1"), "s3",
                                          timestamp, unsigned_payload, false));
}

}  // namespace unkai::services::cloudfront
