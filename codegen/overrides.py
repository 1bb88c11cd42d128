"""What the public models leave out and AWS's wire nevertheless has."""

# The root elements of S3's answers, where they are not the name of the payload's shape.
# https://docs.aws.amazon.com/AmazonS3/latest/API/API_Operations_Amazon_Simple_Storage_Service.html
OUTPUT_ELEMENTS = {
    "s3": {
        "CompleteMultipartUpload": "CompleteMultipartUploadResult",
        "CreateMultipartUpload": "InitiateMultipartUploadResult",
        "DeleteObjects": "DeleteResult",
        "GetBucketAccelerateConfiguration": "AccelerateConfiguration",
        "GetBucketAcl": "AccessControlPolicy",
        "GetBucketCors": "CORSConfiguration",
        "GetBucketLifecycleConfiguration": "LifecycleConfiguration",
        "GetBucketLocation": "LocationConstraint",
        "GetBucketLogging": "BucketLoggingStatus",
        "GetBucketRequestPayment": "RequestPaymentConfiguration",
        "GetBucketTagging": "Tagging",
        "GetBucketVersioning": "VersioningConfiguration",
        "GetBucketWebsite": "WebsiteConfiguration",
        "GetObjectAcl": "AccessControlPolicy",
        "GetObjectAttributes": "GetObjectAttributesResponse",
        "GetObjectTagging": "Tagging",
        "ListBuckets": "ListAllMyBucketsResult",
        "ListMultipartUploads": "ListMultipartUploadsResult",
        "ListObjectVersions": "ListVersionsResult",
        "ListObjects": "ListBucketResult",
        "ListObjectsV2": "ListBucketResult",
        "ListParts": "ListPartsResult",
    },
}

# Namespaces of answers that the models leave out.
XMLNS = {
    "cloudfront": "http://cloudfront.amazonaws.com/doc/2020-05-31/",
    "route53": "https://route53.amazonaws.com/doc/2013-04-01/",
    "s3": "http://s3.amazonaws.com/doc/2006-03-01/",
}

# Operations that AWS takes without a signature although the models do not say so.
UNSIGNED = {"sns": {"ConfirmSubscription", "Unsubscribe"}}

# Services that moved from query to JSON: the names and codes that their old form still has on the
# wire, which their present models leave out. Members by shape; elements of flattened lists, and
# key and value of maps, by their shape; the codes of errors with their status.
# https://docs.aws.amazon.com/AWSSimpleQueueService/latest/APIReference/ (the query examples)
OLD_QUERY_FORMS = {
    "AmazonSQS": {
        "xmlns": "http://queue.amazonaws.com/doc/2012-11-05/",
        "members": {
            "CreateQueueRequest": {"Attributes": "Attribute", "tags": "Tag"},
            "GetQueueAttributesResult": {"Attributes": "Attribute"},
            "ListQueueTagsResult": {"Tags": "Tag"},
            "Message": {"Attributes": "Attribute", "MessageAttributes": "MessageAttribute"},
            "SendMessageBatchRequestEntry": {
                "MessageAttributes": "MessageAttribute",
                "MessageSystemAttributes": "MessageSystemAttribute",
            },
            "SendMessageRequest": {
                "MessageAttributes": "MessageAttribute",
                "MessageSystemAttributes": "MessageSystemAttribute",
            },
            "SetQueueAttributesRequest": {"Attributes": "Attribute"},
            "TagQueueRequest": {"Tags": "Tag"},
        },
        "lists": {
            "AWSAccountIdList": "AWSAccountId",
            "ActionNameList": "ActionName",
            "AttributeNameList": "AttributeName",
            "BatchResultErrorEntryList": "BatchResultErrorEntry",
            "BinaryList": "BinaryListValue",
            "ChangeMessageVisibilityBatchRequestEntryList": "ChangeMessageVisibilityBatchRequestEntry",
            "ChangeMessageVisibilityBatchResultEntryList": "ChangeMessageVisibilityBatchResultEntry",
            "DeleteMessageBatchRequestEntryList": "DeleteMessageBatchRequestEntry",
            "DeleteMessageBatchResultEntryList": "DeleteMessageBatchResultEntry",
            "ListMessageMoveTasksResultEntryList": "ListMessageMoveTasksResultEntry",
            "MessageAttributeNameList": "MessageAttributeName",
            "MessageList": "Message",
            "MessageSystemAttributeList": "MessageSystemAttributeName",
            "QueueUrlList": "QueueUrl",
            "SendMessageBatchRequestEntryList": "SendMessageBatchRequestEntry",
            "SendMessageBatchResultEntryList": "SendMessageBatchResultEntry",
            "StringList": "StringListValue",
            "TagKeyList": "TagKey",
        },
        "maps": {
            "MessageBodyAttributeMap": ("Name", "Value"),
            "MessageBodySystemAttributeMap": ("Name", "Value"),
            "MessageSystemAttributeMap": ("Name", "Value"),
            "QueueAttributeMap": ("Name", "Value"),
            "TagMap": ("Key", "Value"),
        },
        "errors": {
            **{
                name: ("AWS.SimpleQueueService." + name, 400)
                for name in (
                    "BatchEntryIdsNotDistinct",
                    "BatchRequestTooLong",
                    "EmptyBatchRequest",
                    "InvalidBatchEntryId",
                    "MessageNotInflight",
                    "QueueDeletedRecently",
                    "TooManyEntriesInBatchRequest",
                    "UnsupportedOperation",
                )
            },
            "OverLimit": ("OverLimit", 403),
            "PurgeQueueInProgress": ("AWS.SimpleQueueService.PurgeQueueInProgress", 403),
            "QueueDoesNotExist": ("AWS.SimpleQueueService.NonExistentQueue", 400),
            "QueueNameExists": ("QueueAlreadyExists", 400),
            "ResourceNotFoundException": ("ResourceNotFoundException", 404),
        },
    },
}


def restore_old_query_form(metadata, shapes):
    """Puts those names into the shapes, where a query service's model has them (queryName)."""
    form = OLD_QUERY_FORMS.get(metadata.get("targetPrefix"))
    if form is None:
        return
    metadata["xmlNamespace"] = form["xmlns"]
    for name, shape in shapes.items():
        for member, reference in shape.get("members", {}).items():
            old = form["lists"].get(reference["shape"])
            old = form["members"].get(name, {}).get(member, old)
            if old:
                reference["queryName"] = old
    for name, (key, value) in form["maps"].items():
        shapes[name]["key"]["locationName"] = key
        shapes[name]["value"]["locationName"] = value
    for name, (code, status) in form["errors"].items():
        shapes[name]["error"] = {"code": code, "httpStatusCode": status}
