"""Sends a form by requests to an address, with steps for the probe, and prints the answer. The third argument is the form: a list of
[field, text] and [field, text, file name]."""

import json
import sys

import requests

url, steps, entries = sys.argv[1:]
fields = [(entry[0], (entry[2] if len(entry) > 2 else None, entry[1])) for entry in json.loads(entries)]
answer = requests.post(url, headers={"probe-steps": steps}, files=fields, timeout=60)
print(answer.text)
