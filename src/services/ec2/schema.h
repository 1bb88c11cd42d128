// Every key and record that ec2 stores. All keys: account, region, id.
#pragma once

#include "services/ec2/interface_records.h"
#include "services/ec2/network_records.h"
#include "store/table.h"

namespace unkai::services::ec2 {

// A region of an account that was used; its default VPC was made then.
struct Region {
    Time first_used;
    void fields(auto& field) { field(1, first_used); }
};

namespace schema {
template <class R>
using Table = store::Table<R, std::string, std::string, std::string>;
inline const Table<Vpc> vpcs{"ec2/vpcs"};
inline const Table<Subnet> subnets{"ec2/subnets"};
inline const Table<RouteTable> route_tables{"ec2/route-tables"};
inline const Table<InternetGateway> internet_gateways{"ec2/internet-gateways"};
inline const Table<NatGateway> nat_gateways{"ec2/nat-gateways"};
inline const Table<Address> addresses{"ec2/addresses"};
inline const Table<SecurityGroup> groups{"ec2/security-groups"};
inline const Table<NetworkInterface> interfaces{"ec2/interfaces"};
// Account, region.
inline const store::Table<Region, std::string, std::string> regions{"ec2/regions"};
// Public address → allocation id: no two accounts have one address.
inline const store::Table<std::string, std::string> public_addresses{"ec2/public-addresses"};
constexpr const char* everything = "ec2/";
}  // namespace schema

}  // namespace unkai::services::ec2
