// AWS's API as a client: signed requests to this installation, to any endpoint, or to AWS itself.
// Only what the migration commands call: the query protocol, rest-xml and rest-json.
//
//     Cloud cloud(loop, random, options);
//     CO_TRY(const Json answer, co_await cloud.query("elbv2", "DescribeLoadBalancers", {}));
//
// Answers in XML become Json: an element with children is an object, one without is a text, and
// elements of one name are an array; list_of() takes lists as either protocol spells them.
// Throttling and 5XX are tried again, at most five times, with growing pauses. Errors bear AWS's
// codes.
#pragma once

#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "net/client.h"
#include "rt/random.h"
#include "wire/json.h"

namespace unkai::migration {

struct CloudOptions {
    std::string endpoint;  // "http://127.0.0.1:4566"; empty: AWS's own, by service and region.
    std::string region;
    std::string access_key_id, secret_access_key, session_token;
    std::string trusted_pem;  // Roots; empty: the machine's.
};

// Keys and region as the AWS CLI finds them: AWS_ACCESS_KEY_ID …, AWS_PROFILE, ~/.aws/credentials
// and ~/.aws/config. What `options` has already stays. Error NoCredentials says what to set.
Result<CloudOptions> with_environment(CloudOptions options);

class Cloud {
public:
    using Params = std::vector<std::pair<std::string, std::string>>;

    Cloud(Loop& loop, Random& random, CloudOptions options);

    // `service` as the AWS CLI names it: elbv2, cloudwatch, cloudformation. The answer is the
    // content of <ActionResult>. `region` other than the options': given.
    Task<Result<wire::Json>> query(std::string service, std::string action, Params params,
                                   std::string region = "");
    // `target`: path and query. route53 answers XML, apigateway and lambda JSON.
    Task<Result<wire::Json>> rest(std::string service, std::string method, std::string target,
                                  std::string body = "", std::string region = "");
    // json 1.0 and 1.1: ecs.
    Task<Result<wire::Json>> json(std::string service, std::string operation, wire::Json input,
                                  std::string region = "");
    const std::string& region() const { return options_.region; }

private:
    struct Send {
        std::string service, method, target, body, content_type, amz_target, region;
    };
    Task<Result<wire::Json>> call(Send send);
    Task<Result<net::Fetched>> exchange(const Send& send);
    Task<Result<net::Destination>> destination_of(std::string host, uint16_t port, bool tls);

    Loop& loop_;
    Random& random_;
    CloudOptions options_;
    net::Client client_;
    std::shared_ptr<net::ClientTls> tls_;
};

// A list: an array, a single value, {"member": …} of the query protocol, or nothing.
std::vector<wire::Json> list_of(const wire::Json& value, std::string_view member = "member");

// XML text ⇄ Json, as above. from_xml: the content of the root element.
Result<wire::Json> from_xml(std::string_view text);
std::string to_xml(std::string_view root, std::string_view xmlns, const wire::Json& content);

}  // namespace unkai::migration
