// How the migration commands reach an API and look up names: this installation's, any endpoint, or
// AWS itself.
#pragma once

#include "cli/cli.h"
#include "migration/cloud.h"
#include "migration/lookup.h"

namespace unkai::cli {

// `endpoint`: "aws" (AWS itself), a URL, or empty: the running installation with its root keys.
// Errors: NotRunning, NoCredentials, NoRegion, UrlInvalid.
Result<migration::CloudOptions> cloud_access(const Context& context, const std::string& endpoint,
                                             const std::string& region);

// Names by the running installation's DNS server, and by the machine's resolver beyond it.
struct NameAccess {
    migration::LookupOptions lookup;
    std::string authority_pem;  // For names that are the installation's; empty: none runs.
};
NameAccess name_access(const Context& context);
// Whether the installation answers for this name (or it is a name of this machine).
bool is_ours(const NameAccess& names, const std::string& host);

// Adds --endpoint and --region.
struct EndpointOptions {
    std::string endpoint, region;
};
void add_endpoint_options(CLI::App& command, EndpointOptions& options);

std::string file_text(const std::string& path);  // Empty if it cannot be read.

}  // namespace unkai::cli
