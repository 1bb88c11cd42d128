#include <cstdlib>
#include <fstream>
#include <map>

#include "base/strings.h"
#include "migration/cloud.h"

namespace unkai::migration {

namespace {

std::string environment_value(const char* name) {
    const char* value = std::getenv(name);
    return value == nullptr ? "" : value;
}

// One section of an INI file as the AWS CLI writes it; empty when there is none.
std::map<std::string, std::string> read_section(const std::string& path,
                                                const std::string& section) {
    std::map<std::string, std::string> out;
    std::ifstream file(path);
    bool inside = false;
    for (std::string line; std::getline(file, line);) {
        const std::string_view text = trim(line);
        if (text.empty() || text.starts_with('#') || text.starts_with(';')) continue;
        if (text.starts_with('[')) {
            inside = trim(text.substr(1, text.find(']') - 1)) == section;
            continue;
        }
        const auto [name, value] = split_once(text, '=');
        if (inside) out.emplace(trim(name), trim(value));
    }
    return out;
}

void take_if_empty(std::string& into, std::string value) {
    if (into.empty()) into = std::move(value);
}

}  // namespace

Result<CloudOptions> with_environment(CloudOptions out) {
    const std::string home = environment_value("HOME");
    std::string profile = environment_value("AWS_PROFILE");
    if (profile.empty()) profile = "default";
    if (out.access_key_id.empty() && profile == "default") {
        out.access_key_id = environment_value("AWS_ACCESS_KEY_ID");
        out.secret_access_key = environment_value("AWS_SECRET_ACCESS_KEY");
        out.session_token = environment_value("AWS_SESSION_TOKEN");
    }
    std::string credentials = environment_value("AWS_SHARED_CREDENTIALS_FILE");
    std::string config = environment_value("AWS_CONFIG_FILE");
    take_if_empty(credentials, home + "/.aws/credentials");
    take_if_empty(config, home + "/.aws/config");
    if (out.access_key_id.empty()) {
        auto keys = read_section(credentials, profile);
        out.access_key_id = keys["aws_access_key_id"];
        out.secret_access_key = keys["aws_secret_access_key"];
        out.session_token = keys["aws_session_token"];
    }
    take_if_empty(out.region, environment_value("AWS_REGION"));
    take_if_empty(out.region, environment_value("AWS_DEFAULT_REGION"));
    take_if_empty(
        out.region,
        read_section(config, profile == "default" ? profile : "profile " + profile)["region"]);
    if (out.access_key_id.empty() || out.secret_access_key.empty())
        return fail("NoCredentials",
                    "No AWS credentials were found. Set AWS_ACCESS_KEY_ID and "
                    "AWS_SECRET_ACCESS_KEY, or name a profile of ~/.aws/credentials in "
                    "AWS_PROFILE.",
                    400);
    if (out.region.empty())
        return fail("NoRegion", "No region was given. Set AWS_REGION, or use --region.", 400);
    return out;
}

}  // namespace unkai::migration
