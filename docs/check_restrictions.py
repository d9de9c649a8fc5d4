#!/usr/bin/env python3
"""Check a signed answer: python check_restrictions.py answer.json certificates.pem [root.pem].

Needs Python 3.11 or newer and `pip install cryptography`, and nothing of the platform. The files are what it
publishes: of an organisation (/restrictions/<its 18-character code>) and the certificates
(/restrictions/certificates.pem). Keep the root you were given once, over a way you trust, and name it last:
without it the answer is compared with whatever certificates came along. Checked:
1. the certificate the answer names signed it, over its canonical JSON (keys in order, no blanks, UTF-8);
2. that certificate was in force at the answer's time, and a root among the files certified it;
3. the answer is about the code that was asked, where one is given by --code.
Prints what is allowed and what is not. Exit status: 0 if the answer stands, 1 if not, 2 if it cannot be read.
"""

import argparse
import base64
import json
import sys
from datetime import datetime

from cryptography import x509
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec


def canonical(answer):
    return json.dumps(answer, ensure_ascii=False, separators=(",", ":"), sort_keys=True).encode("utf-8")


def certificates(path):
    with open(path, "rb") as file:
        return x509.load_pem_x509_certificates(file.read())


def verified(key, signature, content):
    try:
        key.verify(signature, content, ec.ECDSA(hashes.SHA256()))
    except InvalidSignature:
        return False
    return True


def faults(told, known, roots, code=None):
    """What is wrong with an answer: a list of sentences, empty if it stands."""
    answer, signature = told["answer"], told["signature"]
    if signature["algorithm"] != "ECDSA-P256-SHA256":
        return [f"unknown algorithm {signature['algorithm']!r}"]
    by = next((each for each in known if f"{each.serial_number:x}" == signature["key"]), None)
    if by is None:
        return [f"the certificate {signature['key']!r} is not among those given"]
    found = []
    if not verified(by.public_key(), base64.b64decode(signature["value"]), canonical(answer)):
        found.append("the signature does not fit the answer: it was changed, or signed by somebody else")
    at = datetime.fromisoformat(answer["as_of"])
    if not by.not_valid_before_utc <= at <= by.not_valid_after_utc:
        found.append(f"the certificate was not in force at {answer['as_of']}")
    issuers = [root for root in roots if root.subject == by.issuer]
    if not any(verified(root.public_key(), by.signature, by.tbs_certificate_bytes) for root in issuers):
        found.append("no root given certified the certificate")
    if code is not None and answer["uscc"] != code:
        found.append(f"the answer is about {answer['uscc']}")
    return found


def main():
    asked = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    asked.add_argument("answer")
    asked.add_argument("certificates")
    asked.add_argument("root", nargs="?")
    asked.add_argument("--code")
    given = asked.parse_args()
    try:
        with open(given.answer, encoding="utf-8") as file:
            told = json.load(file)
        known = certificates(given.certificates)
        roots = certificates(given.root) if given.root else known
        found = faults(told, known, roots, given.code)
    except (OSError, ValueError, KeyError, TypeError) as unreadable:
        print(f"cannot be read: {unreadable}")
        return 2
    for fault in found:
        print("NOT VALID: " + fault)
    if not found:
        answer = told["answer"]
        print(f"valid: {answer['uscc']} {answer['name']}, as of {answer['as_of']}")
        for activity, rule in sorted(answer["activities"].items()):
            until = ", ".join(str(each["until"] or "until it is lifted") for each in rule["restrictions"])
            print(f"  {activity:6} " + ("allowed" if rule["allowed"] else f"restricted ({until})"))
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
