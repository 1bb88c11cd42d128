// AWS Certificate Manager: certificates for load balancers and distributions, signed by a local
// authority.
//
// https://docs.aws.amazon.com/acm/latest/APIReference/
// A requested certificate is PENDING_VALIDATION until the CNAME of each of its names is in a public
// Route 53 zone of the account (validator.h), then ISSUED. Imported ones are checked and kept as
// they are.
#pragma once

#include "api/acm.h"
#include "aws/call.h"
#include "services/acm/certificate_rules.h"
#include "services/acm/certificates.h"
#include "services/acm/schema.h"

namespace unkai::services::acm {

using namespace api::acm;
using Record = services::acm::Certificate;

class Acm final : public api::acm::Service {
public:
    // `certificates` knows who uses what; it outlives this.
    explicit Acm(const Certificates& certificates) : certificates_(certificates) {}

#define OPERATION(Name) Result<Name##Output> Name(aws::Call& call, const Name##Input& in) override
    // request_ops.cc
    OPERATION(RequestCertificate);
    OPERATION(ImportCertificate);
    OPERATION(DeleteCertificate);
    // describe_ops.cc
    OPERATION(DescribeCertificate);
    OPERATION(ListCertificates);
    OPERATION(GetCertificate);
    // option_ops.cc
    OPERATION(UpdateCertificateOptions);
    OPERATION(AddTagsToCertificate);
    OPERATION(RemoveTagsFromCertificate);
    OPERATION(ListTagsForCertificate);
    OPERATION(GetAccountConfiguration);
    OPERATION(PutAccountConfiguration);
#undef OPERATION

private:
    const Certificates& certificates_;
};

// Shared by the operations' files. Errors: InvalidArnException, ResourceNotFoundException.
Result<Record> find_certificate(aws::Call& call, const std::string& arn);
void put_certificate(aws::Call& call, const Record& record);
// InvalidTagException, TooManyTagsException.
Status merge_tags(Record& record, const List<Tag>& tags);

}  // namespace unkai::services::acm
