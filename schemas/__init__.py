"""The schema of the examples (`schema.pbtxt`) and the serving contract (`serving_contract.yaml`)."""
