// The MD5s by which clients check what was taken and given. Pure.
//
// https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/
// sqs-message-metadata.html
#pragma once

#include "services/sqs/schema.h"

namespace unkai::services::sqs {

std::string md5_hex(std::string_view text);
// Of attributes in the order of their names: length and bytes of name and type, 1 for text or 2 for
// bytes, length and bytes of the value. Lengths are four bytes, big endian.
std::string md5_of_attributes(const std::map<std::string, StoredAttribute>& attributes);
std::string sha256_hex_of(std::string_view body);  // A FIFO queue's content-based id.

}  // namespace unkai::services::sqs
