"""`--template`: a profile to start from, explained."""

from __future__ import annotations

from typing import Any

from linkerdctl.profiles.names import ServiceName
from linkerdctl.profiles.service_profile import API_VERSION, KIND

_TEXT = r"""### ServiceProfile for {service}.{namespace} ###
apiVersion: {api_version}
kind: {kind}
metadata:
  name: {name}
  namespace: {namespace}
spec:
  # Routes name the sorts of requests that the service takes. Each gets metrics of its own (see them with
  # `linkerdctl routes`), and may get retries, a timeout, and its own idea of what a failure is.
  routes:
  # Proxies try routes from the top: the first whose condition holds is the request's route.
  # What no route matches is counted as [DEFAULT].
  - name: '/authors/{{id}}'

    # When a request belongs to this route.
    condition:
      # The whole path, without the query, has to match this regular expression.
      pathRegex: '/authors/\d+'

      # The request's method, in upper case.
      method: POST

      # Both are given here, so both have to hold. To combine conditions in other ways nest them:
      # all:             # every one of the list holds
      # - pathRegex: '/authors/\d+'
      # - method: POST
      # any:             # at least one of the list holds
      # - method: PUT
      # - method: POST
      # not:             # this one does not hold
      #   method: GET

    # Uncomment this if requests may safely be sent again after they failed. Reads usually may.
    # isRetryable: true

    # What a response means. Without a class that fits, a status of 500 or more is a failure.
    responseClasses:
    # When a response belongs to this class.
    - condition:
        # A range of status codes, both ends included. With only one of min and max, exactly that code.
        status:
          min: 500
          max: 599

        # Conditions on responses nest as those on requests do:
        # all:
        # - status:
        #     min: 500
        # - not:
        #     status:
        #       min: 503
        # any:
        # - status:
        #     min: 500
        #     max: 599
        # - status:
        #     min: 429
        # not:
        #   status:
        #     max: 404

      # Failures lower the success rate, and are what retries are for. Without this line the class is a success.
      isFailure: true

    # How long a request of this route may take in all, retries included; then it is answered with a 504.
    # Without it there is no limit.
    # timeout: 250ms

  # How much traffic retries may add to the whole service, so that they do not bring it down.
  # These are the defaults.
  # retryBudget:
  #   Retries per original request: 0.2 adds a fifth at most.
  #   retryRatio: 0.2
  #
  #   Retries per second that are allowed on top, however few requests there are.
  #   minRetriesPerSecond: 10
  #
  #   How far back requests count.
  #   ttl: 10s
"""


def template_text(name: ServiceName) -> str:
    """The commented YAML."""
    return _TEXT.format(
        service=name.service, namespace=name.namespace, name=name.profile, api_version=API_VERSION, kind=KIND
    )


def template_manifest(name: ServiceName) -> dict[str, Any]:
    """The same as data, keys in alphabetical order."""
    return {
        "apiVersion": API_VERSION,
        "kind": KIND,
        "metadata": {"name": name.profile, "namespace": name.namespace},
        "spec": {
            "routes": [
                {
                    "condition": {"method": "POST", "pathRegex": r"/authors/\d+"},
                    "name": "/authors/{id}",
                    "responseClasses": [
                        {"condition": {"status": {"max": 599, "min": 500}}, "isFailure": True},
                    ],
                }
            ]
        },
    }
