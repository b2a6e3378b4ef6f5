"""The contract executed: `schema.graphql` is read once; its words and guards are put into the running schema."""

from schema.contract.binding import bind
from schema.contract.canon import differences, require_agreement
from schema.contract.written import Contract, ContractError, contract

__all__ = ["Contract", "ContractError", "bind", "contract", "differences", "require_agreement"]
