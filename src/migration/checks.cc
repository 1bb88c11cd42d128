#include "migration/checks.h"

#include <fmt/format.h>

#include <algorithm>
#include <set>

#include "base/strings.h"

namespace unkai::migration {

using wire::Json;

namespace {

class Checker {
public:
    explicit Checker(const Json& facts) : facts_(facts) {}

    std::vector<Finding> run() {
        for (const Json& api : list_of(facts_["apis"])) {
            name_ = api["name"].text();
            check_limits(api);
            check_path(api);
            check_methods(api);
            check_throttling(api);
            check_access(api);
        }
        for (const Json& function : list_of(facts_["functions"])) check_function(function);
        check_balancers();
        std::vector<Finding> sorted;
        for (const bool stop : {true, false})
            for (const Finding& one : out_)
                if (one.stop == stop) sorted.push_back(one);
        return sorted;
    }

private:
    void add(bool stop, std::string about, std::string text, std::string fix) {
        out_.push_back({stop, std::move(about), std::move(text), std::move(fix)});
    }

    void check_limits(const Json& api) {
        const bool rest = api["kind"].text() == "REST";
        int64_t longest = 0;
        for (const Json& method : list_of(api["methods"]))
            longest = std::max(longest, method["methodIntegration"]["timeoutInMillis"].int_or(
                                            rest ? 29000 : 30000));
        add(false, "timeout",
            fmt::format(
                "{} answers 504 after {:g} s at the latest. A load balancer waits as long as "
                "bytes move within its idle timeout (60 s unless set).",
                name_, static_cast<double>(longest == 0 ? 29000 : longest) / 1000),
            "Give the application a timeout of its own, and set idle_timeout.timeout_seconds.");
        add(false, "body",
            fmt::format("{} refuses bodies above 10 MB (6 MB reach a function). A load balancer "
                        "passes any length.",
                        name_),
            "Limit the length in the application (Flask: MAX_CONTENT_LENGTH).");
        add(false, "headers",
            fmt::format(
                "{} refuses headers above 10,240 bytes together. A load balancer takes 64 K, "
                "16 K each.",
                name_),
            "Limit them in the application's server if it depends on it.");
        const auto types = list_of(api["api"]["binaryMediaTypes"]);
        if (!rest || !types.empty())
            add(false, "base64",
                fmt::format("Binary bodies reach the function as base64 (isBase64Encoded){}; a "
                            "container gets and sends the bytes themselves.",
                            types.empty() ? "" : ", for " + types[0].text()),
                "Take the decoding out of the handler's way in the container, and compare a binary "
                "download on both sides.");
    }

    void check_path(const Json& api) {
        const auto domains = list_of(api["domains"]);
        const auto stages = list_of(api["stages"]);
        const std::string stage =
            stages.empty() ? "prod"
                           : stages[0]["stageName"].string_or(stages[0]["stageName"].text());
        if (domains.empty()) {
            if (stage == "$default") return;
            add(true, "stage path",
                fmt::format("{} has no custom domain name: its clients call /{}/…, and a load "
                            "balancer has no stages.",
                            name_, stage),
                "Give it a regional custom domain name with an empty base path, and let clients "
                "use "
                "that before you shift.");
            return;
        }
        for (const Json& domain : domains) {
            const std::string base = domain["basePath"].text();
            if (base.empty() || base == "(none)") continue;
            add(true, "stage path",
                fmt::format("{}/{} leads to the root of {}; behind the load balancer the "
                            "application sees /{}/… as it is.",
                            domain["name"].text(), base, name_, base),
                "Map the API with an empty base path, or mount the application under it.");
        }
    }

    void check_methods(const Json& api) {
        std::set<std::string> mapped, mocks;
        bool preflight = false;
        for (const Json& method : list_of(api["methods"])) {
            const std::string type = method["methodIntegration"]["type"].text();
            const std::string where = method["verb"].text() + " " + method["path"].text();
            if (type == "MOCK" && method["verb"].text() == "OPTIONS")
                preflight = true;
            else if (type == "MOCK")
                mocks.insert(where);
            else if (type == "AWS" || type == "HTTP")
                mapped.insert(where);
            if (method["apiKeyRequired"].bool_or(false)) ++keyed_;
        }
        if (preflight || !api["api"]["corsConfiguration"].is_null())
            add(true, "CORS",
                fmt::format("{} answers preflight requests (OPTIONS) itself; a load balancer does "
                            "not.",
                            name_),
                "Answer OPTIONS with the same Access-Control-* headers in the application.");
        if (!mocks.empty())
            add(true, "mock", "API Gateway answers by itself: " + list(mocks) + ".",
                "Add a rule with a fixed response, or a route in the application.");
        if (!mapped.empty())
            add(true, "mapping",
                "Mapping templates change requests and answers of " + list(mapped) + ".",
                "Do what the templates do in the application.");
        if (const auto validators = list_of(api["validators"]); !validators.empty())
            add(true, "validation",
                fmt::format("{} validates requests ({}) before the function sees them.", name_,
                            validators[0]["name"].text()),
                "Validate in the application, and answer 400 as API Gateway does.");
    }

    void check_throttling(const Json& api) {
        std::string limit = "10,000 requests/s for the account";
        for (const Json& stage : list_of(api["stages"])) {
            const Json& all = stage["methodSettings"]["*/*"];
            const Json& settings = all.is_null() ? stage["defaultRouteSettings"] : all;
            if (!settings["throttlingRateLimit"].is_null())
                limit = settings["throttlingRateLimit"].text() + " requests/s for stage " +
                        stage["stageName"].text();
            if (settings["cachingEnabled"].bool_or(false) ||
                stage["cacheClusterEnabled"].bool_or(false))
                add(true, "cache",
                    fmt::format("Stage {} caches answers; a load balancer has no cache.",
                                stage["stageName"].text()),
                    "Put CloudFront in front, or cache in the application.");
        }
        add(false, "throttling",
            fmt::format("{} answers 429 beyond {}; a load balancer passes everything on.", name_,
                        limit),
            "Scale the service by its load, and limit clients in the application or by a WAF rate "
            "rule.");
    }

    void check_access(const Json& api) {
        for (const Json& authorizer : list_of(api["authorizers"])) {
            const std::string type =
                authorizer["type"].string_or(authorizer["authorizerType"].text());
            add(true, "authorizer",
                fmt::format("Authorizer {} ({}) guards {}; a load balancer passes requests on "
                            "without it.",
                            authorizer["name"].text(), type, name_),
                type == "JWT" || type == "COGNITO_USER_POOLS"
                    ? "Check the token in the application, or authenticate at the listener (OIDC, "
                      "Cognito)."
                    : "Do what the authorizer's function does in the application.");
        }
        if (const auto plans = list_of(api["usagePlans"]); !plans.empty() || keyed_ > 0)
            add(true, "usage plans",
                plans.empty()
                    ? fmt::format(
                          "{} methods of {} ask for an API key; a load balancer knows none.",
                          keyed_, name_)
                    : fmt::format("Usage plan {} counts and limits {} by API key; a load balancer "
                                  "knows no keys.",
                                  plans[0]["name"].text(), name_),
                "Check keys (x-api-key) and quotas in the application, or stay with API Gateway "
                "for "
                "those clients.");
        keyed_ = 0;
    }

    void check_function(const Json& function) {
        const int64_t timeout = function["Timeout"].int_or(3);
        if (timeout > 29)
            add(false, "function timeout",
                fmt::format("{} may run for {} s, but API Gateway gave up after 29 s; behind the "
                            "load balancer its late answers arrive.",
                            function["FunctionName"].text(), timeout),
                "Make sure that clients and the application agree on how long a request may take.");
        if (function["MemorySize"].int_or(128) < 512)
            add(false, "memory",
                fmt::format("{} has {} MB for one request at a time; a container serves many with "
                            "its own (0.5 GB at least).",
                            function["FunctionName"].text(), function["MemorySize"].int_or(128)),
                "Choose the task's size by a load test: unkai load.");
    }

    void check_balancers() {
        const auto balancers = list_of(facts_["balancers"]);
        if (balancers.empty())
            add(true, "load balancer", "There is no load balancer yet.",
                "Add one with a listener on 443 beside the API, or name its stack as well.");
        for (const Json& one : balancers) {
            bool secure = false;
            for (const Json& listener : list_of(one["listeners"]))
                secure = secure || listener["Protocol"].text() == "HTTPS";
            if (!secure)
                add(true, "certificate",
                    fmt::format("{} has no HTTPS listener; API Gateway serves HTTPS only.",
                                one["name"].text()),
                    "Add a listener on 443 with a certificate of the same host name.");
            const std::string kept =
                one["attributes"]["client_keep_alive.seconds"].string_or("3600");
            add(false, "keep-alive",
                fmt::format("{} keeps clients' connections for up to {} s: changed weights do not "
                            "move those.",
                            one["name"].text(), kept),
                "Lower client_keep_alive.seconds before you shift back and forth.");
        }
    }

    static std::string list(const std::set<std::string>& names) {
        std::vector<std::string> some(names.begin(), names.end());
        const size_t more = some.size() > 3 ? some.size() - 3 : 0;
        some.resize(some.size() - more);
        return join(some, ", ") + (more > 0 ? fmt::format(" and {} more", more) : "");
    }

    const Json& facts_;
    std::string name_;
    int keyed_ = 0;
    std::vector<Finding> out_;
};

}  // namespace

std::vector<Finding> check_migration(const Json& facts) { return Checker(facts).run(); }

}  // namespace unkai::migration
