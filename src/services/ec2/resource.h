// What all kinds of resources have in common: ids, "not found", tags, filters, pages.
//
//     TRY(const Subnet subnet, find(call, kinds::subnet, in.subnet_id));
//     TRY(const auto found, select(call, kinds::subnet, in.subnet_ids, in.filters, in,
//     attributes));
#pragma once

#include "api/ec2.h"
#include "aws/call.h"
#include "aws/paging.h"
#include "services/ec2/errors.h"
#include "services/ec2/limits.h"
#include "services/ec2/schema.h"

namespace unkai::services::ec2 {

using namespace api::ec2;

template <class R>
struct Kind {
    const schema::Table<R>& table;
    std::string_view prefix;     // Of ids, with the dash.
    std::string_view code;       // InvalidVpcID: .NotFound and .Malformed are added.
    std::string_view noun;       // "The vpc ID 'vpc-1' does not exist"
    std::string_view type;       // As in tag specifications.
    std::string_view not_found;  // The code, where it is not code.NotFound.
};

namespace kinds {
inline const Kind<Vpc> vpc{schema::vpcs, "vpc-", "InvalidVpcID", "vpc ID", "vpc", ""};
inline const Kind<Subnet> subnet{schema::subnets, "subnet-", "InvalidSubnetID",
                                 "subnet ID",     "subnet",  ""};
inline const Kind<RouteTable> route_table{
    schema::route_tables, "rtb-", "InvalidRouteTableID", "routeTable ID", "route-table", ""};
inline const Kind<InternetGateway> internet_gateway{
    schema::internet_gateways, "igw-", "InvalidInternetGatewayID", "internetGateway ID",
    "internet-gateway",        ""};
inline const Kind<NatGateway> nat_gateway{schema::nat_gateways, "nat-",       "InvalidNatGatewayID",
                                          "Nat Gateway",        "natgateway", "NatGatewayNotFound"};
inline const Kind<Address> address{schema::addresses, "eipalloc-",  "InvalidAllocationID",
                                   "allocation ID",   "elastic-ip", ""};
inline const Kind<SecurityGroup> group{schema::groups,   "sg-", "InvalidGroup", "security group",
                                       "security-group", ""};
inline const Kind<NetworkInterface> interface{schema::interfaces,          "eni-",
                                              "InvalidNetworkInterfaceID", "networkInterface ID",
                                              "network-interface",         ""};
}  // namespace kinds

template <class R>
Unexpected not_found(const Kind<R>& kind, std::string_view id) {
    return bad(
        kind.not_found.empty() ? std::string(kind.code) + ".NotFound" : std::string(kind.not_found),
        "The " + std::string(kind.noun) + " '" + std::string(id) + "' does not exist");
}

template <class R>
Status check_id(const Kind<R>& kind, std::string_view id) {
    if (id.starts_with(kind.prefix)) return ok();
    return bad(
        std::string(kind.code == "InvalidGroup" ? "InvalidGroupId" : kind.code) + ".Malformed",
        "Invalid id: \"" + std::string(id) + "\" (expecting \"" + std::string(kind.prefix) +
            "...\")");
}

template <class R>
Result<R> find(aws::Call& call, const Kind<R>& kind, const std::string& id) {
    REQUIRE(check_id(kind, id));
    auto found = kind.table.get(call.txn(), {call.account, call.region, id});
    if (!found) return not_found(kind, id);
    return std::move(*found);
}

template <class R>
void put(aws::Call& call, const Kind<R>& kind, const R& record) {
    kind.table.put(call.txn(), {call.account, call.region, record.id}, record);
}

template <class R>
void erase(aws::Call& call, const Kind<R>& kind, const std::string& id) {
    kind.table.erase(call.txn(), {call.account, call.region, id});
}

// All of this account and region, by id.
template <class R>
std::vector<R> all(aws::Call& call, const Kind<R>& kind) {
    std::vector<R> out;
    kind.table.each(call.txn(), store::key_prefix(call.account, call.region),
                    [&](const auto&, R record) {
                        out.push_back(std::move(record));
                        return true;
                    });
    return out;
}

inline std::string new_id(aws::Call& call, std::string_view prefix) {
    return std::string(prefix) + call.env.random.hex(17);
}

// What filters may ask of a resource: each name that exists, with its values (perhaps none).
using Attributes = std::vector<std::pair<std::string_view, std::vector<std::string>>>;

inline std::string boolean(bool value) { return value ? "true" : "false"; }

// Whether all filters match, each by one of its values; * and ? are wild cards. Error: a filter
// that this kind of resource does not have.
// https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/Using_Filtering.html
Result<bool> matches(const List<Filter>& filters, const Attributes& attributes, const Tags& tags);

List<Tag> tag_list(const Tags& tags);
Status merge_tags(const aws::Call& call, Tags& tags, const List<Tag>& added);
// The tags that a tag specification gives to the resource being made; any other type is refused.
Result<Tags> tags_for(const aws::Call& call, std::string_view type,
                      const List<TagSpecification>& specifications);

template <class R>
struct Selection {
    std::vector<R> items;
    std::optional<std::string> next_token;
};

// The answer to a Describe: by ids (each must exist), filters, and pages.
template <class R, class AttributesOf>
Result<Selection<R>> select(aws::Call& call, const Kind<R>& kind, const List<std::string>& ids,
                            const List<Filter>& filters, const std::optional<int32_t>& most,
                            const std::optional<std::string>& token,
                            const AttributesOf& attributes_of) {
    std::vector<R> rows;
    if (ids.empty()) rows = all(call, kind);
    for (const std::string& id : std::set<std::string>(ids.begin(), ids.end())) {
        TRY(R row, find(call, kind, id));
        rows.push_back(std::move(row));
    }
    std::vector<R> wanted;
    for (R& row : rows) {
        TRY(const bool matched, matches(filters, attributes_of(row), row.tags));
        if (matched) wanted.push_back(std::move(row));
    }
    if (most && (*most < limits::least_page || *most > limits::largest_page))
        return invalid_value("Value ( " + std::to_string(*most) +
                             " ) for parameter maxResults is invalid. Expecting a value between 5 "
                             "and 1000.");
    const size_t length = most ? static_cast<size_t>(*most) : wanted.size() + 1;
    TRY(const auto page,
        aws::page(wanted, [](const R& row) { return row.id; }, token, length, "InvalidNextToken"));
    Selection<R> out;
    for (const R* row : page.items) out.items.push_back(*row);
    out.next_token = page.next;
    return out;
}

}  // namespace unkai::services::ec2
