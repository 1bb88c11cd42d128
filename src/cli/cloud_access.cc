#include "cli/cloud_access.h"

#include <fstream>
#include <sstream>

#include "base/strings.h"
#include "cli/control.h"
#include "migration/load.h"

namespace unkai::cli {

using wire::Json;

std::string file_text(const std::string& path) {
    std::ifstream file(path, std::ios::binary);
    std::stringstream text;
    text << file.rdbuf();
    return file ? text.str() : "";
}

Result<migration::CloudOptions> cloud_access(const Context& context, const std::string& endpoint,
                                             const std::string& region) {
    migration::CloudOptions out{.region = region};
    if (endpoint == "aws") return migration::with_environment(std::move(out));
    if (!endpoint.empty()) {
        REQUIRE(migration::parse_url(endpoint));
        out.endpoint = endpoint;
    }
    TRY(const auto installation, load_installation(context.data_dir));
    if (!installation || running_pid(*installation) == 0) {
        if (!endpoint.empty()) return migration::with_environment(std::move(out));
        return fail("NotRunning",
                    "Unkai is not running. Start it (unkai start), or name an API: --endpoint aws");
    }
    if (endpoint.empty()) {
        TRY(const Json status, Control(*installation).ask("status", Json::object()));
        out.endpoint = "http://127.0.0.1:" + std::to_string(status["port"].int_or(4566));
    }
    out.access_key_id = installation->access_key_id;
    out.secret_access_key = installation->secret_access_key;
    if (out.region.empty()) out.region = installation->region;
    out.trusted_pem = file_text(installation->authority_file());
    return out;
}

NameAccess name_access(const Context& context) {
    NameAccess out;
    const auto found = load_installation(context.data_dir);
    if (!found || !*found || running_pid(**found) == 0) return out;
    const Installation installation = **found;
    const auto status = Control(installation).ask("status", Json::object());
    if (!status) return out;
    out.authority_pem = file_text(installation.authority_file());
    if ((*status)["network"].bool_or(false))
        if (auto server = net::Address::parse((*status)["dnsAddress"].string_or(""), 53))
            out.lookup.servers.push_back(*server);
    out.lookup.ask = [installation](const std::string& name) {
        std::vector<std::string> addresses;
        const auto answer = Control(installation).ask("resolve", Json::object({{"name", name}}));
        for (size_t i = 0; answer && i < (*answer)["addresses"].size(); ++i)
            addresses.push_back((*answer)["addresses"][i].text());
        return addresses;
    };
    return out;
}

bool is_ours(const NameAccess& names, const std::string& host) {
    if (names.authority_pem.empty()) return false;
    if (host == "localhost" || host.ends_with(".localhost") || net::Address::parse(host, 1))
        return true;
    return names.lookup.ask && !names.lookup.ask(host).empty();
}

void add_endpoint_options(CLI::App& command, EndpointOptions& options) {
    command.add_option("--endpoint", options.endpoint,
                       "\"aws\", or a URL; unless given, the running Unkai");
    command.add_option("--region", options.region, "The region to ask");
}

}  // namespace unkai::cli
