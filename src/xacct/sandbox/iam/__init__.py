"""IAM's double: what an IAM user asks about itself, its access keys and MFA devices.

    service       which calls there are
    permissions   who may do what
    access_keys, mfa_devices, dates

Sentences, shapes and limits are those of the "IAM API Reference" (API version 2010-05-08).
"""
