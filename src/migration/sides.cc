#include "migration/sides.h"

#include <fmt/format.h>

#include <algorithm>

#include "base/strings.h"
#include "migration/shift_plan.h"

namespace unkai::migration {

using wire::Json;

namespace {

constexpr std::string_view route53_xmlns = "https://route53.amazonaws.com/doc/2013-04-01/";
constexpr std::string_view route53_version = "/2013-04-01";
constexpr Duration sync_patience = 5min;

std::string absolute(std::string_view name) {
    std::string out = to_lower(name);
    if (!out.ends_with('.')) out += '.';
    return out;
}

int number_of(const Json& value) { return static_cast<int>(parse_int(value.text()).value_or(0)); }

std::string target_of(const Json& record) {
    if (const Json* alias = record.find("AliasTarget")) return absolute((*alias)["DNSName"].text());
    const std::vector<Json> values = list_of(record["ResourceRecords"], "ResourceRecord");
    return values.empty() ? "" : absolute(values[0]["Value"].text());
}

// "web-1.eu-west-1.elb.amazonaws.com." → "eu-west-1"; the label before `suffix`.
std::string region_before(std::string_view name, std::string_view suffix) {
    name.remove_suffix(suffix.size());
    return std::string(name.substr(name.rfind('.') + 1));
}

}  // namespace

Traffic sum_up(const std::vector<Reading>& readings, Time since, Time now, Duration period) {
    Traffic out;
    double p50 = 0, p99 = 0, weighed = 0;
    for (const Reading& one : readings) {
        if (one.at + period <= since || one.at >= now) continue;
        out.requests += one.requests;
        out.errors += one.errors;
        out.seconds += std::chrono::duration<double>(std::min(period, now - one.at)).count();
        if (!one.p50 || !one.p99) continue;
        p50 += *one.p50 * one.requests;
        p99 += *one.p99 * one.requests;
        weighed += one.requests;
    }
    if (weighed > 0) {
        out.p50 = p50 / weighed;
        out.p99 = p99 / weighed;
    }
    return out;
}

Task<Result<std::unique_ptr<Sides>>> Sides::find(Loop& loop, Cloud& cloud, ShiftNames names,
                                                 Duration period) {
    std::unique_ptr<Sides> out(new Sides(loop, cloud, std::move(names), period));
    out->names_.name = absolute(out->names_.name);
    CO_REQUIRE(co_await out->find_zone());
    CO_REQUIRE(co_await out->find_records());
    CO_TRY(out->from_, co_await out->find_source(out->names_.from));
    CO_TRY(out->to_, co_await out->find_source(out->names_.to));
    co_return std::move(out);
}

Task<Status> Sides::find_zone() {
    std::string marker;
    std::string best;
    while (true) {
        CO_TRY(const Json page,
               co_await cloud_.rest("route53", "GET",
                                    std::string(route53_version) + "/hostedzone?maxitems=100" +
                                        (marker.empty() ? "" : "&marker=" + marker)));
        for (const Json& zone : list_of(page["HostedZones"], "HostedZone")) {
            const std::string name = absolute(zone["Name"].text());
            const bool inside = names_.name == name || names_.name.ends_with("." + name);
            if (!inside || name.size() <= best.size() ||
                zone["Config"]["PrivateZone"].text() == "true")
                continue;
            best = name;
            zone_ = zone["Id"].text();
        }
        if (page["IsTruncated"].text() != "true") break;
        marker = page["NextMarker"].text();
    }
    if (zone_.empty())
        co_return fail(
            "NoSuchHostedZone",
            "No public hosted zone of this account has the name " + names_.name + " in it.", 404);
    if (zone_.starts_with("/hostedzone/")) zone_.erase(0, 12);
    co_return ok();
}

Task<Status> Sides::find_records() {
    records_.clear();
    CO_TRY(const Json page,
           co_await cloud_.rest("route53", "GET",
                                fmt::format("{}/hostedzone/{}/rrset?maxitems=300&name={}",
                                            route53_version, zone_, percent_encode(names_.name))));
    std::vector<std::string> others;
    bool from = false, to = false;
    for (const Json& record : list_of(page["ResourceRecordSets"], "ResourceRecordSet")) {
        if (absolute(record["Name"].text()) != names_.name) continue;
        const std::string identifier = record["SetIdentifier"].text();
        if (identifier.empty() || record["Weight"].is_null()) {
            others.push_back(record["Type"].text() + " (not weighted)");
            continue;
        }
        if (identifier == names_.from || identifier == names_.to) {
            auto& weight = identifier == names_.from ? weights_.first : weights_.second;
            (identifier == names_.from ? from : to) = true;
            weight = number_of(record["Weight"]);
            if (const Json* ttl = record.find("TTL")) ttl_ = std::chrono::seconds(number_of(*ttl));
            records_.push_back(record);
        } else {
            others.push_back("'" + identifier + "' of weight " + record["Weight"].text());
            if (number_of(record["Weight"]) > 0)
                co_return fail("OtherRecords",
                               names_.name + " has a third weighted record, '" + identifier +
                                   "', that gets traffic. Set its weight to 0 first.",
                               400);
        }
    }
    if (from && to) co_return ok();
    std::string there = others.empty() ? "There are no others." : "There: " + join(others, ", ");
    co_return fail("NoSuchRecord",
                   names_.name + " has no weighted record with the identifier '" +
                       (from ? names_.to : names_.from) + "'. " + there,
                   404);
}

Task<Result<std::vector<Source>>> Sides::find_source(std::string identifier) {
    constexpr std::string_view balancers = ".elb.amazonaws.com.", apis = ".amazonaws.com.";
    for (const Json& record : records_) {
        if (record["SetIdentifier"].text() != identifier) continue;
        std::string target = target_of(record);
        if (target.starts_with("dualstack.")) target.erase(0, 10);
        if (target.ends_with(balancers))
            co_return co_await find_balancer(target, region_before(target, balancers));
        if (target.contains(".execute-api."))
            co_return co_await find_api(target, region_before(target, apis));
        co_return fail("NoMetrics",
                       "'" + identifier + "' points to " + target +
                           ", which has no metrics to shift by. It must be an Application Load "
                           "Balancer or a regional API Gateway domain name.",
                       400);
    }
    co_return fail("NoSuchRecord", "'" + identifier + "' is gone.", 404);
}

Task<Result<std::vector<Source>>> Sides::find_balancer(std::string dns_name, std::string region) {
    std::string marker;
    while (true) {
        Cloud::Params params;
        if (!marker.empty()) params.emplace_back("Marker", marker);
        CO_TRY(const Json page,
               co_await cloud_.query("elbv2", "DescribeLoadBalancers", params, region));
        for (const Json& one : list_of(page["LoadBalancers"])) {
            if (absolute(one["DNSName"].text()) != dns_name) continue;
            const std::string arn = one["LoadBalancerArn"].text();
            const size_t place = arn.find(":loadbalancer/");
            const std::string name = place == arn.npos ? arn : arn.substr(place + 14);
            co_return std::vector<Source>{
                {.kind = Source::Kind::load_balancer,
                 .region = region,
                 .dimensions = {{"LoadBalancer", name}},
                 .title = "load balancer " + one["LoadBalancerName"].text()}};
        }
        marker = page["NextMarker"].text();
        if (marker.empty()) break;
    }
    co_return fail("NoMetrics", "No load balancer of this account has the name " + dns_name + ".",
                   404);
}

Task<Result<std::vector<Source>>> Sides::find_api(std::string dns_name, std::string region) {
    CO_TRY(const Json domains,
           co_await cloud_.rest("apigateway", "GET", "/domainnames?limit=500", "", region));
    std::string domain;
    for (const Json& one :
         list_of(domains["item"].is_null() ? domains["_embedded"]["item"] : domains["item"]))
        if (absolute(one["regionalDomainName"].text()) == dns_name)
            domain = one["domainName"].text();
    if (domain.empty())
        co_return fail(
            "NoMetrics",
            "No custom domain name of API Gateway has the regional name " + dns_name + ".", 404);
    std::vector<Source> out;
    const auto rest = co_await cloud_.rest(
        "apigateway", "GET", "/domainnames/" + percent_encode(domain) + "/basepathmappings", "",
        region);
    for (const Json& one : rest ? list_of((*rest)["item"]) : std::vector<Json>()) {
        const std::string id = one["restApiId"].text(), stage = one["stage"].text();
        const auto api = co_await cloud_.rest("apigateway", "GET", "/restapis/" + id, "", region);
        if (!api) continue;  // An HTTP API.
        const std::string name = (*api)["name"].text();
        out.push_back({.kind = Source::Kind::rest_api,
                       .region = region,
                       .dimensions = {{"ApiName", name}, {"Stage", stage}},
                       .title = "REST API " + name + " (" + stage + ")"});
    }
    if (!out.empty()) co_return out;
    CO_TRY(const Json http,
           co_await cloud_.rest("apigateway", "GET",
                                "/v2/domainnames/" + percent_encode(domain) + "/apimappings", "",
                                region));
    for (const Json& one : list_of(http["items"]))
        out.push_back(
            {.kind = Source::Kind::http_api,
             .region = region,
             .dimensions = {{"ApiId", one["apiId"].text()}, {"Stage", one["stage"].text()}},
             .title = "HTTP API " + one["apiId"].text()});
    if (out.empty())
        co_return fail("NoMetrics", "The domain name " + domain + " leads to no API.", 400);
    co_return out;
}

std::string Sides::describe(bool new_side) const {
    std::vector<std::string> titles;
    for (const Source& one : new_side ? to_ : from_) titles.push_back(one.title);
    return join(titles, ", ");
}

Task<Status> Sides::set_share(int percent) { co_return co_await change(weights_of(percent)); }

Task<Status> Sides::set_weights(std::pair<int, int> weights) { co_return co_await change(weights); }

Task<Status> Sides::change(std::pair<int, int> weights) {
    Json changes = Json::array();
    for (Json record : records_) {
        const bool from = record["SetIdentifier"].text() == names_.from;
        record.set("Weight", std::to_string(from ? weights.first : weights.second));
        changes.push(
            Json::object({{"Action", "UPSERT"}, {"ResourceRecordSet", std::move(record)}}));
    }
    const Json batch = Json::object(
        {{"ChangeBatch", Json::object({{"Comment", "unkai shift"},
                                       {"Changes", Json::object({{"Change", changes}})}})}});
    CO_TRY(const Json answer,
           co_await cloud_.rest("route53", "POST",
                                fmt::format("{}/hostedzone/{}/rrset/", route53_version, zone_),
                                to_xml("ChangeResourceRecordSetsRequest", route53_xmlns, batch)));
    weights_ = weights;
    std::string id = answer["ChangeInfo"]["Id"].text();
    if (id.starts_with("/change/")) id.erase(0, 8);
    const Steady until = loop_.steady() + sync_patience;
    Duration pause = 20ms;
    while (loop_.steady() < until) {
        CO_TRY(
            const Json change,
            co_await cloud_.rest("route53", "GET", std::string(route53_version) + "/change/" + id));
        if (change["ChangeInfo"]["Status"].text() == "INSYNC") co_return ok();
        co_await loop_.sleep(pause);
        pause = std::min<Duration>(pause * 2, 5s);
    }
    co_return fail("ChangePending",
                   "Route 53 has not brought the new weights to its servers within five minutes.",
                   504);
}

Task<Result<int>> Sides::share() {
    CO_REQUIRE(co_await find_records());
    const int sum = weights_.first + weights_.second;
    // Both zero: equal probability.
    co_return sum == 0 ? 50 : (weights_.second * 100 + sum / 2) / sum;
}

}  // namespace unkai::migration
