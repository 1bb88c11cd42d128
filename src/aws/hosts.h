// Host names: which ones the front door answers, which service one names, and S3's virtual hosts.
// Pure.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace unkai::aws {

// The allow-list against DNS rebinding: localhost, loopback addresses, *.localhost,
// *.localhost.localstack.cloud, *.amazonaws.com, and `own` names and addresses. `host` without
// port.
bool is_allowed_host(std::string_view host, const std::vector<std::string>& own);

// An Origin that may drive the API: one whose host is a loopback name. Empty (no header) is
// allowed.
bool is_allowed_origin(std::string_view origin);

// "sqs" of sqs.us-east-1.amazonaws.com and sqs.us-east-1.localhost.localstack.cloud; empty for
// plain hosts.
std::string_view service_label(std::string_view host);

// The bucket of a virtual-host request: photos.s3.eu-west-1.amazonaws.com, photos.s3.localhost, …
// and, when the request is known to be for S3, photos.localhost. nullopt for path style.
std::optional<std::string> virtual_bucket(std::string_view host, bool surely_s3);

}  // namespace unkai::aws
